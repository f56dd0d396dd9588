"""llo-dft analyze: results out of finished calculations."""

from __future__ import annotations

from pathlib import Path

import typer

from llo_dft.cli import analyze_band_center, analyze_charge_difference, analyze_summary
from llo_dft.cli.common import COMPLETE, INCOMPLETE, bad_input_in_one_line, print_json

app = typer.Typer(help="Analyse finished calculations.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Analyse finished calculations."""


@app.command("vacancy")
def vacancy(
    folder: Path = typer.Argument(help="Folder of a study that was run."),
    scheme: str | None = typer.Option(None, help="O2 scheme (default: the recipe's)."),
    temperature: float | None = typer.Option(None, help="Kelvin (default: the recipe's)."),
    pressure: float | None = typer.Option(None, help="Bar of O2 (default: the recipe's)."),
    as_json: bool = typer.Option(False, "--json", help="Print the results as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Vacancy formation energies of a study under another O2 scheme, temperature or pressure.

    Nothing is computed again, and the study's own results.json stays as it is.
    """
    from llo_dft.cli.tables import print_study  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.reanalyze import reanalyze  # noqa: PLC0415

    with bad_input_in_one_line():
        result = reanalyze(
            StudyFolder(folder), scheme=scheme, temperature_k=temperature, pressure_bar=pressure
        )
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        print_study(result)
    raise typer.Exit(COMPLETE if result.is_complete else INCOMPLETE)


app.command("summary")(analyze_summary.summary)
app.command("band-center")(analyze_band_center.band_center)
app.command("charge-difference")(analyze_charge_difference.charge_difference)
