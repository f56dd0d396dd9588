"""llo-dft analyze band-center: band centres of an orbital, per site, class and spin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from llo_dft.cli.common import BAD_INPUT, COMPLETE, INCOMPLETE, bad_input_in_one_line, print_json

if TYPE_CHECKING:
    from llo_dft.analysis.band_center_sites import SiteDensities
    from llo_dft.documents.electronic import BandCenters, ReferenceLevel, Window
    from llo_dft.readers.outcar import Outcar
    from llo_dft.readers.vasprun import Vasprun
    from llo_dft.readers.vasprun_header import Crystal

#: Core state that centres are counted from.
CORE_STATE = "1s"

#: What to do where a level is not known.
_WHERE_FROM: dict[str, str] = {
    "vacuum": "put its LOCPOT (LVHAR = .TRUE.) or an OUTCAR with LVACPOTAV = .TRUE. beside it",
    "core": f"put an OUTCAR with ICORELEVEL = 1, which has the {CORE_STATE} states, beside it",
}

#: Vacuum levels of the two sides that differ by more than this are two levels, eV.
SAME_VACUUM_EV = 0.05


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

    with bad_input_in_one_line():
        shown, fixed = parse_window(window)
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
    from llo_dft.cli.limits import parse_limits  # noqa: PLC0415 (keeps --help fast)

    if text == "occupied":
        return "occupied", None
    if text == "full":
        return "full", None
    limits = parse_limits(text, "--window must be occupied, full or LO:HI in eV")
    return "fixed", limits


def centers_of(
    path: Path,
    wanted: tuple[str, str],
    reference: ReferenceLevel,
    fixed: tuple[float, float] | None,
    *,
    tm_layers: int | None = None,
) -> tuple[BandCenters, SiteDensities]:
    """Return the band centres of one run, and the densities they are of.

    Raises
    ------
    InputError
        If the run can't be read, its electrons did not converge, or it lacks what is asked for.
    """
    from llo_dft.analysis.band_center_sites import SiteDensities, band_centers  # noqa: PLC0415
    from llo_dft.cli.analyze_summary import edges_of, read_outcar_beside  # noqa: PLC0415
    from llo_dft.errors import InputError  # noqa: PLC0415
    from llo_dft.readers.vasp_folder import read_run  # noqa: PLC0415
    from llo_dft.readers.vasprun import ProjectionRequest, VaspFileError  # noqa: PLC0415

    element, orbital = wanted
    request = ProjectionRequest(orbital, element=element)
    run = read_run(path, eigenvalues=True, projection=request)
    if not run.convergence.electronic:
        raise VaspFileError(run.path, "unconverged", run.convergence.electronic_reason)
    problems, notes = list(run.problems), list(run.notes)
    edges = edges_of(run, notes)
    if edges is None or run.total_dos is None or run.projected_dos is None:
        raise InputError(f"{run.path}: {notes[-1] if notes else 'no densities of states'}")
    sites = run.projected_dos.sites
    try:
        classes = site_classes(run.final, sites, tm_layers)
    except ValueError as error:
        raise InputError(f"{run.path}: {error}") from error
    densities = SiteDensities(
        element,
        orbital,
        run.total_dos.energies_ev,
        run.projected_dos.density,
        sites,
        classes,
    )
    levels = _levels(run, read_outcar_beside(run, problems), notes)
    if reference == "vacuum" and "vacuum" not in levels:
        levels |= _vacuum_of_locpot(run, problems, notes)
    if reference in _WHERE_FROM and reference not in levels:
        what = f"the {reference} level of this run is not known; {_WHERE_FROM[reference]}"
        raise InputError("; ".join([f"{run.path}: {what}", *problems]))
    try:
        found = band_centers(
            str(path),
            densities,
            edges,
            reference=reference,
            levels_ev=levels,
            fixed_window_ev=fixed,
        )
    except ValueError as error:
        raise InputError(f"{run.path}: {error}") from error
    return found.model_copy(update={"problems": problems, "notes": found.notes + notes}), densities


def _levels(run: Vasprun, outcar: Outcar | None, notes: list[str]) -> dict[ReferenceLevel, float]:
    """Return vacuum and core level, as far as OUTCAR has them."""
    levels: dict[ReferenceLevel, float] = {}
    if outcar is None or run.projected_dos is None:
        return levels
    if outcar.vacuum_levels_ev is not None:
        upper, lower = outcar.vacuum_levels_ev
        levels["vacuum"] = (upper + lower) / 2
        _note_two_levels(upper, lower, notes)
    if len(outcar.core_levels_ev) == len(run.final.symbols):
        core = [outcar.core_levels_ev[site].get(CORE_STATE) for site in run.projected_dos.sites]
        known = [level for level in core if level is not None]
        if len(known) == len(core):
            levels["core"] = sum(known) / len(known)
            notes.append(f"core level: the mean {CORE_STATE} of the {len(known)} atoms")
    return levels


def _note_two_levels(upper: float, lower: float, notes: list[str]) -> None:
    if abs(upper - lower) > SAME_VACUUM_EV:
        notes.append(f"vacuum levels {upper:.3f} and {lower:.3f} eV on the two sides: their mean")


def _vacuum_of_locpot(
    run: Vasprun, problems: list[str], notes: list[str]
) -> dict[ReferenceLevel, float]:
    """Return the vacuum level that the LOCPOT beside a run has, if it has one."""
    from llo_dft.cli.potential_levels import faces_beside  # noqa: PLC0415 (keeps --help fast)

    levels = faces_beside(run, problems)
    if not levels:
        return {}
    upper, lower = levels["upper"].level_ev, levels["lower"].level_ev
    notes.append("vacuum level: from LOCPOT")
    _note_two_levels(upper, lower, notes)
    return {"vacuum": (upper + lower) / 2}


def site_classes(crystal: Crystal, sites: tuple[int, ...], tm_layers: int | None) -> dict[int, str]:
    """Return the environment class of each site that is an O.

    With ``tm_layers`` the class is that of the O's own sheet; without, it counts all cations
    bonded to it: O of Li2MnO3 is 2TM+1Li one way and 2TM+4Li the other.

    Raises
    ------
    ValueError
        If the metals do not lie in that many layers.
    """
    from pymatgen.core.structure import Structure  # noqa: PLC0415 (keeps --help fast)

    from llo_dft.builders.environment import LONGEST_BOND, oxygen_environments  # noqa: PLC0415
    from llo_dft.builders.valences import LAYER_METALS  # noqa: PLC0415

    structure = Structure(crystal.lattice_angstrom, crystal.symbols, crystal.fractional)
    if tm_layers is not None:
        around = oxygen_environments(structure, tm_layers)
        return {site: around[site].label for site in sites if site in around}
    found = {}
    for site in sites:
        if crystal.symbols[site] != "O":
            continue
        counts = {"TM": 0, "Li": 0, "P": 0}
        for neighbor in structure.get_neighbors(structure[site], max(LONGEST_BOND.values())):
            symbol = neighbor.specie.symbol
            kind = symbol if symbol in {"Li", "P"} else "TM"
            bond = LONGEST_BOND["metal" if kind == "TM" else kind]
            if (kind != "TM" or symbol in LAYER_METALS) and neighbor.nn_distance <= bond:
                counts[kind] += 1
        found[site] = "+".join(f"{n}{kind}" for kind, n in counts.items() if n) or "free"
    return found


def _draw(densities: SiteDensities, centers: BandCenters, shown: Window, path: Path) -> None:
    from llo_dft.analysis.band_center_sites import class_densities  # noqa: PLC0415
    from llo_dft.plotting.density_of_states import save_density_of_states  # noqa: PLC0415

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
