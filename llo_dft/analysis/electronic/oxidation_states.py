"""Formal oxidation states of Mn, Ni, Co and O from their magnetic moments.

The magnitude of an ion's moment is its number of unpaired electrons, in Bohr magnetons, minus what
lies outside its sphere and what covalency transfers to the O around it. So each state has a range,
and the ranges of neighbouring states do not touch: a moment between them is assigned no state, and
the reason is given. They apply to octahedra of O, and to moments in VASP's PAW spheres with PBE+U,
r2SCAN or HSE06; plain PBE gives about 0.2 less, and a metal has no such moments.

Where the numbers come from: unpaired electrons of the ion (spin-only moment); for Mn the ranges
from which Deng et al. (Nat. Mach. Intell. 5, 1031) derive states from Materials Project moments,
2.5-3.5 for Mn4+, 3.5-4.2 for Mn3+ and above that Mn2+, narrowed at the bounds; for Ni and Co the
moments of the potential trained on them (rock-salt MnO 4.63, NiO 1.79, CoO 2.65; layered MnO2
3.14, NiO2 0.16, CoO2 1.16, LiCoO2 0.27), computed for the ranges in ``chemistry/elements.toml``.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from pymatgen.core.structure import Structure

from llo_dft.analysis.oxygen.dimers import OxygenPair, PairKind, oxygen_pairs
from llo_dft.chemistry.element_table import ELEMENTS
from llo_dft.documents.electrons.electronic import AtomOxidation, OxidationStates

#: Up to the first an O is O2-, which the metals around it polarise by 0.1-0.2; from the second on
#: it carries a hole, whose moment is 1 Bohr magneton in all and about 0.7 in the sphere.
OXIDE_MAX_MU_B: Final = 0.25
HOLE_MIN_MU_B: Final = 0.5

#: Formal charge of each O of a short pair: O2, O2 -, O2 2-.
_PAIR_STATES: Final[dict[PairKind, float]] = {"o2": 0.0, "superoxo": -0.5, "peroxo": -1.0}

#: Smallest change of a moment that alone means another oxidation state: one electron on a metal
#: gives 1 Bohr magneton, 0.7-1 of it in the sphere; relaxing alone changes it by about 0.1.
CHANGE_MIN_MU_B: Final = 0.5

#: The same where the moments before and after lie in the ranges of two states.
CHANGE_BETWEEN_STATES_MIN_MU_B: Final = 0.3

_SAME_CHARGE_E: Final = 1e-6


def metal_state(element: str, moment_mu_b: float) -> tuple[int | None, str]:
    """Return the formal state of a metal from the magnitude of its moment; None if undecided.

    The moment is that within its sphere, Bohr magnetons; the sign only shows the magnetic order.
    Returns the state, e, and how it was decided or why it was not.
    """
    ranges = ELEMENTS[element].moment_ranges if element in ELEMENTS else ()
    if not ranges:
        return None, f"there are no ranges of moments for {element}"
    size = abs(moment_mu_b)
    for one in ranges:
        if one.low <= size <= one.high:
            bounds = f"{size:.2f} mu_B: {one.name} ({one.low:g} to {one.high:g})"
            return one.state, bounds if one.state is not None else f"{bounds}, ambiguous"
    below = next((one for one in reversed(ranges) if one.high < size), None)
    above = next((one for one in ranges if one.low > size), None)
    if below is None or above is None:
        end = f"below {above.name}" if above is not None else f"above {ranges[-1].name}"
        return None, f"{size:.2f} mu_B lies {end}, the last of the ranges"
    return None, (
        f"{size:.2f} mu_B lies between {below.name} (to {below.high:g}) and {above.name} "
        f"(from {above.low:g})"
    )


def changed_state(element: str, before_mu_b: float, after_mu_b: float) -> bool:
    """Return whether a metal's moment changed enough to mean another oxidation state.

    Magnitudes are compared: a flipped moment is another magnetic order, not another charge.
    """
    change = abs(abs(after_mu_b) - abs(before_mu_b))
    if change > CHANGE_MIN_MU_B:
        return True
    states = [metal_state(element, moment)[0] for moment in (before_mu_b, after_mu_b)]
    return (
        None not in states and states[0] != states[1] and change >= CHANGE_BETWEEN_STATES_MIN_MU_B
    )


def oxidation_states(
    structure: Structure, moments_mu_b: Sequence[float], cell_charge_e: float = 0.0
) -> OxidationStates:
    """Return the formal oxidation state of every atom; compare their sum with the cell's charge.

    An O in a pair up to 1.6 angstrom belongs to O2, superoxo or peroxo by the length of the pair,
    because in a peroxo the holes pair up and leave no moment.

    Moments are in Bohr magnetons, shape (n_atoms,), with either sign; the charge of the cell is in
    e.
    """
    pairs: dict[int, OxygenPair] = {}
    for pair in sorted(oxygen_pairs(structure), key=lambda one: -one.length_angstrom):
        pairs[pair.first] = pairs[pair.second] = pair  # the shortest pair of an O counts
    atoms = []
    for index, (site, moment) in enumerate(zip(structure, moments_mu_b, strict=True)):
        element = site.specie.symbol
        state, reason = _state(element, float(moment), pairs.get(index))
        atoms.append(
            AtomOxidation(
                site=index,
                element=element,
                moment_mu_b=float(moment),
                state=state,
                reason=reason,
            )
        )
    return _with_balance(atoms, cell_charge_e)


def _state(element: str, moment: float, pair: OxygenPair | None) -> tuple[float | None, str]:
    if pair is not None:
        reason = f"{pair.kind} pair of {pair.length_angstrom:.2f} A"
        return _PAIR_STATES[pair.kind], reason
    if element == "O":
        return _oxygen_state(abs(moment))
    if element in ELEMENTS and not ELEMENTS[element].unpaired_electrons:
        return float(ELEMENTS[element].charge), "the one state it has in an oxide"
    return metal_state(element, moment)


def _oxygen_state(size: float) -> tuple[float | None, str]:
    if size <= OXIDE_MAX_MU_B:
        return -2.0, f"{size:.2f} mu_B: oxide (to {OXIDE_MAX_MU_B:g})"
    if size >= HOLE_MIN_MU_B:
        return -1.0, f"{size:.2f} mu_B: a hole on O (from {HOLE_MIN_MU_B:g})"
    return None, (
        f"{size:.2f} mu_B lies between oxide (to {OXIDE_MAX_MU_B:g}) and a hole on O "
        f"(from {HOLE_MIN_MU_B:g}): a part of a hole"
    )


def state_name(element: str, state: float | None) -> str:
    """Return the usual name: 'Mn4+', 'O-', 'O 0', 'O0.5-', and 'Ni?' where it is unknown."""
    if state is None:
        return f"{element}?"
    if not state:
        return f"{element} 0"
    size = abs(state)
    number = "" if size == 1 else f"{size:g}"
    return f"{element}{number}{'+' if state > 0 else '-'}"


def _with_balance(atoms: list[AtomOxidation], cell_charge: float) -> OxidationStates:
    total = sum(atom.state for atom in atoms if atom.state is not None)
    unknown = sum(atom.state is None for atom in atoms)
    missing = cell_charge - total
    balanced = None if unknown else abs(missing) <= _SAME_CHARGE_E
    if unknown:
        note = (
            f"{unknown} of {len(atoms)} atoms have no state: they would need {missing:+g} e "
            "together"
        )
    elif balanced:
        note = f"the states add up to the cell's charge, {cell_charge:+g} e"
    else:
        note = (
            f"the states add up to {total:+g} e and the cell has {cell_charge:+g} e: charge is "
            "spread over atoms that look unchanged, or a state is misjudged"
        )
    names = Counter(state_name(atom.element, atom.state) for atom in atoms)
    return OxidationStates(
        atoms=atoms,
        counts=dict(sorted(names.items())),
        assigned_charge_e=total,
        cell_charge_e=cell_charge,
        n_unassigned=unknown,
        balanced=balanced,
        note=note,
    )
