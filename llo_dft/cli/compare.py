"""llo-dft compare: one study by several engines, and how far they are apart."""

from pathlib import Path

import typer

from llo_dft.cli.options import AsJson, check_figure
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_document
from llo_dft.cli.output.comparison_tables import print_comparison
from llo_dft.report.figures.engines_side_by_side import save_study_comparison
from llo_dft.study.compare_folders import compare_folders


def compare(
    folders: list[Path] = typer.Argument(help="Folders of the same study by different engines."),
    *,
    figure: Path | None = typer.Option(None, help="Draw the lowest E_f of each to this PNG."),
    as_json: AsJson = False,
) -> None:
    """Compare the results of one study by several engines or protocols.

    E_f of each under its own O2 scheme, their spread, and whether they agree on what the coating
    does. Nothing is computed.
    """
    check_figure(figure, (".png",))
    comparison = compare_folders(folders)
    if figure is not None:
        save_study_comparison(comparison, figure)
    print_document(comparison, print_comparison, as_json=as_json)
    for lacking in comparison.missing:
        typer.echo(
            f"llo-dft: {lacking.status}: {lacking.label} by {lacking.engine}: "
            f"{lacking.reason or 'no reason is known'}",
            err=True,
        )
    raise typer.Exit(COMPLETE if comparison.is_complete else INCOMPLETE)
