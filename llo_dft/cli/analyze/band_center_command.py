"""llo-dft analyze band-center: band centres of an orbital, per site, class and spin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from llo_dft.cli.options.figure_file import check_figure
from llo_dft.cli.output.common import (
    BAD_INPUT,
    COMPLETE,
    INCOMPLETE,
    bad_input_in_one_line,
    print_json,
)

if TYPE_CHECKING:
    from llo_dft.analysis.electronic.site_band_centers import SiteDensities
    from llo_dft.documents.electronic import BandCenters, Window


def band_center(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    paths: list[Path] = typer.Argument(
        help="VASP run folders, or vasprun.xml or vaspout.h5 files."
    ),
    element: str = typer.Option("O", help="Element whose atoms are meant."),
    orbital: str = typer.Option("p", help="s, p, d or f, or one column (px, dxy, ...)."),
    reference: Literal["vbm", "fermi", "vacuum", "core"] = typer.Option(
        "vbm",
        help="From where energies are counted; vacuum needs a LOCPOT or OUTCAR, core an OUTCAR.",
    ),
    window: str = typer.Option(
        "occupied", help="Window to show: occupied, full, or LO:HI in eV from the reference."
    ),
    tm_layers: int | None = typer.Option(
        None, help="O-TM-O sheets of a slab: classes O by its own sheet, e.g. 2TM+1Li."
    ),
    figure: Path | None = typer.Option(None, help="Draw the densities of one run to this file."),
    as_json: bool = typer.Option(False, "--json", help="Print all windows as a JSON list."),  # noqa: FBT001, FBT003
) -> None:
    """Band centres of an orbital: every site, environment class and spin.

    Occupied, full and fixed window are computed together, with captured weight and width.
    """
    from llo_dft.errors import InputError  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.runs.orbital_centers import centers_of  # noqa: PLC0415

    with bad_input_in_one_line():
        shown, fixed = parse_window(window)
        check_figure(figure)
        if figure is not None and len(paths) != 1:
            raise InputError("--figure draws one run, but several paths were given")
    found: list[dict[str, Any]] = []
    failed = 0
    for path in paths:
        try:
            centers, densities = centers_of(
                path, (element, orbital), reference, fixed, tm_layers=tm_layers
            )
        except InputError as error:
            failed += 1
            typer.echo(f"llo-dft: {error}", err=True)
            found.append({"path": str(path), "problems": [str(error)]})
            continue
        found.append({"path": str(path), "window": shown, **centers.model_dump(mode="json")})
        if figure is not None:
            _draw(densities, centers, shown, figure)
        if not as_json:
            _print(centers, shown)
    if as_json:
        print_json(found)
    if failed == len(paths):
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(INCOMPLETE if any(one["problems"] for one in found) else COMPLETE)


def parse_window(text: str) -> tuple[Window, tuple[float, float] | None]:
    """Return the window to show, and the limits of the fixed one if they are given.

    Raises
    ------
    InputError
        If it is neither a name nor LO:HI with LO below HI.
    """
    from llo_dft.cli.options.limits import parse_limits  # noqa: PLC0415 (keeps --help fast)

    if text == "occupied":
        return "occupied", None
    if text == "full":
        return "full", None
    limits = parse_limits(text, "--window must be occupied, full or LO:HI in eV")
    return "fixed", limits


def _draw(densities: SiteDensities, centers: BandCenters, shown: Window, path: Path) -> None:
    from llo_dft.analysis.electronic.site_band_centers import class_densities  # noqa: PLC0415
    from llo_dft.report.figures.density_of_states import save_density_of_states  # noqa: PLC0415

    save_density_of_states(class_densities(densities, centers, shown), path)


def _print(centers: BandCenters, shown: Window) -> None:
    from rich.console import Console  # noqa: PLC0415 (keeps --help fast)
    from rich.table import Table  # noqa: PLC0415

    low, high = centers.windows_ev[shown]
    title = (
        f"{centers.label}: {centers.element} {centers.orbital}, {shown} window {low:.2f} to "
        f"{high:.2f} eV, from the {centers.reference} level"
    )
    table = Table(title=title, title_justify="left")
    for name in ("", "atoms", "centre (eV)", "weight", "width (eV)"):
        table.add_column(name, justify="right" if name else "left")
    rows = [("all", len(centers.sites), centers.total)]
    rows += [(name, one.n_sites, one.centers) for name, one in centers.classes.items()]
    for name, n_sites, spins in rows:
        one = getattr(spins.both, shown)
        numbers = [one.center_ev, one.weight, one.width_ev]
        cells = ["-" if number is None else f"{number:.3f}" for number in numbers]
        table.add_row(name, str(n_sites), *cells)
    console = Console(highlight=False)
    console.print(table)
    for problem in centers.problems:
        console.print(f"problem: {problem}", markup=False)
    for note in centers.notes:
        console.print(f"note: {note}", markup=False)
