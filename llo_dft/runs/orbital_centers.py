"""Band centres of a finished VASP run, put together from its files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from llo_dft.analysis.electronic.site_band_centers import SiteDensities, band_centers
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.chemistry.bonds import find_bonds
from llo_dft.chemistry.roles import site_roles
from llo_dft.engines.vasp.files.run_folder import read_run
from llo_dft.engines.vasp.files.standin_mark import STANDIN_PROBLEM
from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, VaspFileError
from llo_dft.errors import InputError
from llo_dft.runs.potential_levels import faces_beside
from llo_dft.runs.run_summary import edges_of, read_outcar_beside, structure_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from llo_dft.documents.electronic import BandCenters, ReferenceLevel
    from llo_dft.engines.vasp.files.outcar import Outcar
    from llo_dft.engines.vasp.files.vasprun.header import Crystal
    from llo_dft.engines.vasp.files.vasprun.read_vasprun import Vasprun

#: Core state that centres are counted from.
CORE_STATE = "1s"

#: What to do where a level is not known.
_WHERE_FROM: dict[str, str] = {
    "vacuum": "put its LOCPOT (LVHAR = .TRUE.) or an OUTCAR with LVACPOTAV = .TRUE. beside it",
    "core": f"put an OUTCAR with ICORELEVEL = 1, which has the {CORE_STATE} states, beside it",
}

#: Vacuum levels of the two sides that differ by more than this are two levels, eV.
SAME_VACUUM_EV = 0.05


def centers_of(
    path: Path,
    wanted: tuple[str, str],
    reference: ReferenceLevel,
    fixed: tuple[float, float] | None,
    *,
    tm_layers: int | None = None,
    classes: Mapping[int, str] | None = None,
    label: str | None = None,
) -> tuple[BandCenters, SiteDensities]:
    """Return the band centres of one run, and the densities they are of.

    Parameters
    ----------
    path
        Folder or file of the run.
    wanted
        Element and orbital.
    reference, fixed
        See ``band_centers``.
    tm_layers
        See ``site_classes``.
    classes
        Class of each atom by its index, where it is known better; others count as "all".
    label
        What the centres are called by; None: the path.

    Raises
    ------
    InputError
        If the run can't be read, its electrons did not converge, or it lacks what is asked for.
    """
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
    if classes is None:
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
    outcar = read_outcar_beside(run, problems)
    mock = run.mock or (outcar is not None and outcar.mock)
    problems += [STANDIN_PROBLEM] if mock else []
    levels = _levels(run, outcar, notes)
    if reference == "vacuum" and "vacuum" not in levels:
        levels |= _vacuum_of_locpot(run, problems, notes)
    if reference in _WHERE_FROM and reference not in levels:
        what = f"the {reference} level of this run is not known; {_WHERE_FROM[reference]}"
        raise InputError("; ".join([f"{run.path}: {what}", *problems]))
    try:
        found = band_centers(
            label or str(path),
            densities,
            edges,
            reference=reference,
            levels_ev=levels,
            fixed_window_ev=fixed,
        )
    except ValueError as error:
        raise InputError(f"{run.path}: {error}") from error
    about = {
        "fingerprint": run.fingerprint,
        "problems": problems,
        "notes": found.notes + notes,
        "mock": mock,
    }
    return found.model_copy(update=about), densities


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
    structure = structure_of(crystal)
    if tm_layers is not None:
        around = oxygen_environments(structure, tm_layers)
        return {site: around[site].label for site in sites if site in around}
    roles = site_roles(crystal.symbols)
    oxygen = [site for site in sites if crystal.symbols[site] == "O"]
    counted: dict[int, Counter[str]] = {site: Counter() for site in oxygen}
    for bond in find_bonds(structure, anions=oxygen):
        role, symbol = roles[bond.cation], crystal.symbols[bond.cation]
        counted[bond.anion]["TM" if role == "framework" else symbol] += 1
    return {
        site: "+".join(f"{counts[kind]}{kind}" for kind in _ordered(counts)) or "free"
        for site, counts in counted.items()
    }


def _ordered(kinds: Iterable[str]) -> list[str]:
    """Return TM first, then Li, then the others by name."""
    return sorted(kinds, key=lambda kind: (kind != "TM", kind != "Li", kind))
