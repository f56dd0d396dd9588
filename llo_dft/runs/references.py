"""The energies of O2 and of Li metal: from a run, or as given."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llo_dft.analysis.oxygen.dimers import O2_MAX_ANGSTROM
from llo_dft.errors import InputError
from llo_dft.runs.plain_runs import PlainRun, formula_of, read_plain_run
from llo_dft.typing import CalculationKind

#: An O2 energy above this is probably that of one atom: functionals give -9 to -17 eV per O2,
#: counted from non-magnetic atoms.
_O2_NOT_ABOVE_EV: Final = -7.0

#: A Li energy below this is probably that of several atoms; usual are -1.9 to -2.4 eV per atom.
_LI_NOT_BELOW_EV: Final = -3.0


@dataclass(frozen=True)
class Reference:
    """The reservoir of a removed atom.

    ``energy_ev_per_atom`` is None if its ``run`` has no result, ``run`` if the energy was given.
    ``source`` is where it comes from, and ``notes`` are on the number, for the reader.
    """

    energy_ev_per_atom: float | None
    source: str
    run: PlainRun | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str | None:
        """Why its run has no energy."""
        return None if self.run is None else self.run.calculation.reason


def oxygen_reference(folder: Path | None, energy_ev: float | None) -> Reference:
    """Return half the energy of O2, from a run of the molecule or as given, eV per molecule.

    Raises ``InputError`` unless exactly one is given and it is plausible.
    """
    found = _reference("O2", "molecule_relax", folder, energy_ev)
    if found.run is None:
        if energy_ev is not None and energy_ev > _O2_NOT_ABOVE_EV:
            found.notes.append(f"{energy_ev:g} eV is high for O2: --o2-energy is eV per molecule")
        return found
    path, structure = found.run.path, found.run.structure
    if structure is not None:
        if formula_of(structure) != "O2":
            raise InputError(f"{path}: expected one O2 molecule, got {formula_of(structure)}")
        length = float(structure.get_distance(0, 1))
        if length > O2_MAX_ANGSTROM:
            raise InputError(
                f"{path}: the two O are {length:.3f} A apart; expected a molecule of O2, below "
                f"{O2_MAX_ANGSTROM:g} A"
            )
    if found.run.completed is not None and found.run.completed.moment_mu_b is None:
        found.notes.append(f"{path}: no occupations of two spins, so the moment of O2 is unknown")
    return found


def lithium_reference(folder: Path | None, energy_ev: float | None) -> Reference:
    """Return the energy of Li metal, from a run of it or as given, eV per atom.

    Raises ``InputError`` unless exactly one is given and it is plausible.
    """
    found = _reference("Li", "bulk_relax", folder, energy_ev)
    structure = None if found.run is None else found.run.structure
    if energy_ev is not None and energy_ev < _LI_NOT_BELOW_EV:
        found.notes.append(f"{energy_ev:g} eV is low for Li: --li-energy is eV per atom")
    if structure is not None and structure.composition.reduced_formula != "Li":
        raise InputError(f"{folder}: expected Li metal, got {formula_of(structure)}")
    return found


def _reference(
    name: str, kind: CalculationKind, folder: Path | None, energy_ev: float | None
) -> Reference:
    """Return the energy of a run, or one that is given for the molecule or the atom."""
    option, what = f"--{name.lower()}", "O2" if name == "O2" else "Li metal"
    if folder is not None and energy_ev is None:
        run = read_plain_run(folder, kind, moment=name == "O2")
        energy, structure = run.calculation.energy_ev, run.calculation.structure
        if energy is not None and structure is not None:
            energy /= len(structure)
        return Reference(energy, f"{what} in {run.path}", run)
    if folder is not None or energy_ev is None:
        got = "both were given" if folder is not None else "neither was given"
        raise InputError(f"the energy of {what} comes from {option} or {option}-energy; {got}")
    if not (math.isfinite(energy_ev) and energy_ev < 0):
        raise InputError(f"{option}-energy must be a negative number of eV, got {energy_ev!r}")
    note = f"the energy of {name} was given: its settings can't be compared with the hosts'"
    n_atoms = 2 if name == "O2" else 1
    return Reference(energy_ev / n_atoms, f"energy of {name} as given", notes=[note])
