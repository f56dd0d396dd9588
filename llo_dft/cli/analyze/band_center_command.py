"""llo-dft analyze band-center: band centres of an orbital, per site, class and spin."""

from pathlib import Path
from typing import Literal

import typer

from llo_dft.cli.options import AsJson, check_figure, parse_limits
from llo_dft.cli.output.common import Unread, as_record, leave, print_json, print_remarks, read_each
from llo_dft.cli.output.terminal import number, print_table
from llo_dft.documents.electrons.electronic import BandCenters, ReferenceLevel, Window
from llo_dft.errors import InputError
from llo_dft.report.figures.density_of_states import save_density_of_states
from llo_dft.runs.orbital_centers import centers_of_run
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations
from llo_dft.study.study_electrons import host_densities
from llo_dft.study.study_files import is_study


def band_center(  # noqa: PLR0913 (each is an option of the command)
    paths: list[Path] = typer.Argument(
        help="VASP run folders, vasprun.xml or vaspout.h5 files, or folders of studies."
    ),
    *,
    element: str = typer.Option("O", help="Element."),
    orbital: str = typer.Option("p", help="s, p, d or f, or one column (px, dxy, ...)."),
    reference: Literal["vbm", "fermi", "vacuum", "core"] = typer.Option(
        "vbm",
        help="Zero of the energies; vacuum needs a LOCPOT or OUTCAR, core an OUTCAR.",
    ),
    window: str = typer.Option(
        "valence", help="Window to show: valence, full, or LO:HI in eV from the reference."
    ),
    tm_layers: int | None = typer.Option(
        None, help="O-TM-O sheets of a slab: O are classified within their sheet, as 2TM+1Li."
    ),
    figure: Path | None = typer.Option(None, help="Draw the densities of one run to this file."),
    as_json: AsJson = False,
) -> None:
    """Band centres of an orbital, for every site, environment class and spin.

    Valence, full and fixed window are computed together, with captured weight and width.
    """
    shown, fixed = parse_window(window)
    check_figure(figure)
    if figure is not None and len(paths) != 1:
        raise InputError("--figure draws one run, but several paths were given")

    def read(path: Path) -> BandCenters:
        centers, densities = centers_of_run(path, (element, orbital), reference, fixed, tm_layers)
        if figure is not None:
            save_density_of_states(densities, centers, figure, shown)
        return centers

    studies = [path for path in paths if is_study(path)]
    if studies and (figure is not None or tm_layers is not None):
        raise InputError("--figure and --tm-layers are for plain runs; a study has its own")
    found = read_each([path for path in paths if path not in studies], read)
    for path in studies:
        found += _of_study(path, (element, orbital), reference, fixed)
    if as_json:
        print_json([{"window": shown} | as_record(one) for one in found])
    else:
        for one in found:
            if not isinstance(one, Unread):
                _print(one, shown)
    leave(found)


def _of_study(
    path: Path,
    orbital: tuple[str, str],
    reference: ReferenceLevel,
    fixed: tuple[float, float] | None,
) -> list[BandCenters]:
    """Return the band centres of each host whose densities of states a study computed."""
    folder = StudyFolder(path)
    study = stored_calculations(folder)
    names = {one.host for one in study.plan.statics if one.part is None}
    hosts = [host for host in study.plan.hosts if host.label in names]
    if not hosts:
        raise InputError(f"{path} has no densities of states: electronic.dos = true gives them")
    return [host_densities(study, folder, h, orbital, reference, fixed)[0] for h in hosts]


def parse_window(text: str) -> tuple[Window, tuple[float, float] | None]:
    """Return the window to show, and the limits of the fixed one if they are given.

    Raises ``InputError`` if it is neither a name nor LO:HI with LO below HI.
    """
    if text == "valence":
        return "valence", None
    if text == "full":
        return "full", None
    return "fixed", parse_limits(text, "--window must be valence, full or LO:HI in eV")


def _print(centers: BandCenters, shown: Window) -> None:
    low, high = centers.windows_ev[shown]
    title = (
        f"{centers.label}: {centers.element} {centers.orbital}, {shown} window {low:.2f} to "
        f"{high:.2f} eV, from the {centers.reference} level"
    )
    every = [("all", len(centers.sites), centers.total)]
    every += [(name, one.n_sites, one.centers) for name, one in centers.classes.items()]
    rows = []
    for name, n_sites, spins in every:
        one = getattr(spins.both, shown)
        numbers = (one.center_ev, one.weight, one.width_ev)
        rows.append([name, str(n_sites), *map(number, numbers)])
    print_table(["<", "atoms", "centre (eV)", "weight", "width (eV)"], rows, title=title)
    print_remarks(centers.problems, centers.notes)
