"""One diagram of phases of one source: what it may contain, and how phases are looked up.

pymatgen's ``PhaseDiagram`` does the arithmetic (Ong et al., Chem. Mater. 20, 1798 (2008)).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core.composition import Composition
from pymatgen.core.periodic_table import Element

from llo_dft.documents.stability.phase_stability import CorrectionState, PhaseEnergies, PhaseEnergy
from llo_dft.errors import InputError

#: Smallest correction that counts, eV per atom.
_A_CORRECTION_EV: Final = 1e-6

#: Largest rounding error of a zero energy, eV per atom.
NOTHING_EV: Final = 1e-9

#: O of each other atom above which it may be an ozonide's (LiO3), which MP2020 corrects by nothing.
_OZONIDE: Final = 2.5

#: Elements whose anions are shifted by correction schemes: either all compounds of one of them
#: have a correction, or none has.
_ANIONS: Final = ("O", "S", "F", "Cl", "Br", "I", "N", "Se", "Te")


class Phases:
    """The diagram of some phases of one source.

    Raises ``InputError`` if an element has no energy of its own.

    Phases with elements other than ``elements`` are left out.
    """

    def __init__(self, energies: PhaseEnergies, elements: Iterable[str]) -> None:
        self.elements = sorted(set(elements))
        inside = [one for one in energies.phases if set(one.composition) <= set(self.elements)]
        lacking = set(self.elements) - {
            next(iter(one.composition)) for one in inside if len(one.composition) == 1
        }
        if lacking:
            raise InputError(
                f"{energies.source} has no energy of the element {', '.join(sorted(lacking))}, "
                f"which a diagram of {'-'.join(self.elements)} needs; add it to the source"
            )
        # without their names, which pymatgen would read as formulas
        self.entries = {one.name: PDEntry(one.composition, one.energy_ev) for one in inside}
        self.diagram = PhaseDiagram(list(self.entries.values()))

    def missing(self, known: Iterable[str]) -> list[str]:
        """Return the known formulas of these elements that have no energy here."""
        here = {entry.composition.reduced_formula for entry in self.entries.values()}
        asked = {formula: Composition(formula) for formula in known}
        return sorted(
            formula
            for formula, one in asked.items()
            if {e.symbol for e in one} <= set(self.elements) and one.reduced_formula not in here
        )


def formula_of(asked: str) -> Composition | None:
    """Return the composition that a text names; None if it is not a formula.

    Raises ``InputError`` if it looks like a formula but has an unknown element symbol.
    """
    try:
        found = Composition(asked)
    except ValueError:
        return None
    if strange := [one.symbol for one in found if not isinstance(one, Element)]:
        raise InputError(f"{asked}: {', '.join(strange)} is not an element")
    return found


def find_phase(energies: PhaseEnergies, asked: str) -> PhaseEnergy:
    """Return a phase by its name, or the lowest one of a formula.

    Raises ``InputError`` if there is none (the message names the phases of its elements), or it
    is not a formula.
    """
    for one in energies.phases:
        if one.name == asked:
            return one
    wanted = (formula_of(asked) or Composition()).fractional_composition
    found = [
        one
        for one in energies.phases
        if wanted.almost_equals(Composition(one.composition).fractional_composition)
    ]
    if wanted and found:
        return min(found, key=lambda one: one.energy_ev / sum(one.composition.values()))
    symbols = {element.symbol for element in wanted}
    near = [one.name for one in energies.phases if len(set(one.composition) & symbols) > 1]
    there = ", ".join(sorted(near or [one.name for one in energies.phases])[:12])
    raise InputError(f"{asked} is not in its own diagram: {energies.source} has {there}")


def without_rounding(energy_ev: float) -> float:
    """Return zero in place of a rounding error, eV per atom."""
    return 0.0 if abs(energy_ev) < NOTHING_EV else float(energy_ev)


def correction_state(phases: Iterable[PhaseEnergy], source: str) -> CorrectionState:
    """Return whether energies are raw or corrected; a mixture of both is refused.

    In a scheme such as MP2020 every oxide, sulfide, halide, ... has a correction and no element
    has one. So energies are mixed if of two compounds of one anion only one has a correction, or
    if raw energies are of several functionals.

    Raises ``InputError``, naming one phase of each kind.
    """
    listed = list(phases)
    by_anion: dict[str, dict[bool, str]] = defaultdict(dict)
    for one in listed:
        atoms = sum(one.composition.values())
        corrected = abs(one.correction_ev) > _A_CORRECTION_EV * atoms
        n_o = one.composition.get("O", 0.0)
        if not corrected and n_o > _OZONIDE * (atoms - n_o):
            continue
        anions = [anion for anion in _ANIONS if anion in one.composition]
        if len(one.composition) > 1 and anions:
            by_anion[anions[0]][corrected] = one.name
    for anion, kinds in by_anion.items():
        if len(kinds) > 1:
            raise InputError(
                f"{source} mixes raw and corrected energies: of compounds of {anion}, "
                f"{kinds[True]} has a correction and {kinds[False]} has none; use one kind only"
            )
    found = any(abs(one.correction_ev) > _A_CORRECTION_EV for one in listed)
    types = {_family(one.run_type): one.name for one in listed if one.run_type}
    if len(types) > 1:
        raise InputError(
            f"{source} mixes energies of {' and '.join(sorted(types))} "
            f"({', '.join(types.values())}); use entries of one functional"
        )
    plain = {one.run_type: one.name for one in listed if one.run_type}
    if not found and {"GGA", "GGA+U"} <= set(plain):
        raise InputError(
            f"{source} mixes raw GGA ({plain['GGA']}) and raw GGA+U ({plain['GGA+U']}) energies, "
            "which only a correction makes comparable; use corrected entries"
        )
    return "corrected" if found else "raw"


def _family(run_type: str) -> str:
    """Return a functional's name, one for those that correction schemes combine: GGA and GGA+U."""
    return run_type.upper().removesuffix("+U").replace("PBE", "GGA")
