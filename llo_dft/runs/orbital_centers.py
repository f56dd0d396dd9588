"""Band centres of a finished run, from the states that its engine reads."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.site_band_centers import SiteDensities, band_centers
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.chemistry.bonds import find_bonds
from llo_dft.chemistry.roles import site_roles
from llo_dft.documents.electrons.electronic import BandCenters, ReferenceLevel
from llo_dft.engines.calculated_electrons import OrbitalStates
from llo_dft.engines.vasp.finished_calculation import VaspElectrons
from llo_dft.errors import InputError
from llo_dft.runs.potential_levels import edges_of_states, faces_beside

#: Core state that energies are referred to.
CORE_STATE = "1s"

#: What to do if a level is not known.
_WHERE_FROM: dict[str, str] = {
    "vacuum": "put its LOCPOT (LVHAR = .TRUE.) or an OUTCAR with LVACPOTAV = .TRUE. beside it",
    "core": f"put an OUTCAR with ICORELEVEL = 1, which has the {CORE_STATE} states, beside it",
}

#: Vacuum levels of the two sides that differ by more are two levels, eV.
SAME_VACUUM_EV = 0.05


def centers_of(
    states: OrbitalStates,
    wanted: tuple[str, str],
    reference: ReferenceLevel,
    fixed: tuple[float, float] | None,
    *,
    tm_layers: int | None = None,
    classes: Mapping[int, str] | None = None,
    label: str | None = None,
) -> tuple[BandCenters, SiteDensities]:
    """Return the band centres of one run, and the densities they are of.

    Raises ``InputError`` if there are no band edges, or the reference is not known.

    ``wanted`` are element and orbital that the states are projected onto; ``reference``, ``fixed``
    and ``tm_layers`` are those of ``band_centers`` and ``site_classes``. ``classes`` are by index
    of the atom, if known; others count as "all". ``label`` names the centres; None: their source.
    """
    source = states.source
    try:
        if classes is None:
            classes = site_classes(states.structure, states.sites, tm_layers)
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error
    edges = edges_of_states(states)
    densities = SiteDensities(*wanted, states.energies_ev, states.density, states.sites, classes)
    problems, notes = list(states.problems), list(states.notes)
    levels = _levels(states, notes)
    if reference == "vacuum" and "vacuum" not in levels:
        faces = faces_beside(states.source, states.structure, problems)
        if faces:
            notes.append("vacuum level: from LOCPOT")
            ends = (faces["upper"].level_ev, faces["lower"].level_ev)
            levels["vacuum"] = _mean_vacuum(*ends, notes)
    if reference == "fermi" and states.fermi_ev is None:
        why = [note for note in notes if "E_F" in note] or ["the run has none"]
        raise InputError(f"{source}: no Fermi level as reference: {why[0]}; use another level")
    if reference in _WHERE_FROM and reference not in levels:
        what = f"the {reference} level of this run is not known; {_WHERE_FROM[reference]}"
        raise InputError("; ".join([f"{source}: {what}", *problems]))
    try:
        found = band_centers(
            label or str(source),
            densities,
            edges,
            reference=reference,
            levels_ev=levels,
            fixed_window_ev=fixed,
        )
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error
    about = {
        "fingerprint": states.fingerprint,
        "problems": problems,
        "notes": found.notes + notes,
        "mock": states.mock,
    }
    return found.model_copy(update=about), densities


def centers_of_run(
    path: Path,
    wanted: tuple[str, str],
    reference: ReferenceLevel,
    fixed: tuple[float, float] | None,
    tm_layers: int | None = None,
) -> tuple[BandCenters, SiteDensities]:
    """Return the band centres of a VASP run folder, or of its vasprun.xml; see ``centers_of``.

    Raises ``InputError`` also if the run can't be read, did not converge, or lacks what is asked
    for.
    """
    states = VaspElectrons(path).states(*wanted)
    return centers_of(states, wanted, reference, fixed, tm_layers=tm_layers, label=str(path))


def _levels(states: OrbitalStates, notes: list[str]) -> dict[ReferenceLevel, float]:
    """Return vacuum and core level, as far as the run has them."""
    levels: dict[ReferenceLevel, float] = {}
    if states.vacuum_levels_ev is not None:
        levels["vacuum"] = _mean_vacuum(*states.vacuum_levels_ev, notes)
    if states.core_levels_ev:
        core = [states.core_levels_ev[site].get(CORE_STATE) for site in states.sites]
        known = [level for level in core if level is not None]
        if len(known) == len(core):
            levels["core"] = sum(known) / len(known)
            notes.append(f"core level: the mean {CORE_STATE} of the {len(known)} atoms")
    return levels


def _mean_vacuum(upper: float, lower: float, notes: list[str]) -> float:
    if abs(upper - lower) > SAME_VACUUM_EV:
        notes.append(f"vacuum levels {upper:.3f} and {lower:.3f} eV on the two sides: their mean")
    return (upper + lower) / 2


def site_classes(
    structure: Structure, sites: Sequence[int], tm_layers: int | None
) -> dict[int, str]:
    """Return the environment class of each site that is an O.

    With ``tm_layers`` the class is that of the O's own sheet; otherwise it counts all cations
    bonded to it: O of Li2MnO3 is 2TM+1Li or 2TM+4Li.

    Raises ``ValueError`` if the metals do not lie in that many layers.
    """
    if tm_layers is not None:
        around = oxygen_environments(structure, tm_layers)
        return {site: around[site].label for site in sites if site in around}
    symbols = [site.specie.symbol for site in structure]
    roles = site_roles(symbols)
    oxygen = [site for site in sites if symbols[site] == "O"]
    counted: dict[int, Counter[str]] = {site: Counter() for site in oxygen}
    for bond in find_bonds(structure, anions=oxygen):
        role, symbol = roles[bond.cation], symbols[bond.cation]
        counted[bond.anion]["TM" if role == "framework" else symbol] += 1
    classes = {}
    for site, counts in counted.items():
        kinds = sorted(counts, key=lambda kind: (kind != "TM", kind != "Li", kind))
        classes[site] = "+".join(f"{counts[kind]}{kind}" for kind in kinds) or "free"
    return classes
