"""The energies of O2 and of Li metal: from a run, or as they are given."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from llo_dft.analysis.oxygen.dimers import O2_MAX_ANGSTROM
from llo_dft.errors import InputError
from llo_dft.runs.plain_runs import formula_of, read_plain_run

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.runs.plain_runs import PlainRun

#: Above this an energy said to be that of O2 is rather that of one of its atoms: functionals
#: give -9 to -17 eV from non-magnetic atoms.
_O2_NOT_ABOVE_EV: Final = -7.0

#: Below this an energy said to be that of one Li atom is rather that of several; -1.9 to -2.4.
_LI_NOT_BELOW_EV: Final = -3.0


@dataclass(frozen=True)
class Reference:
    """What a removed atom goes to.

    Attributes
    ----------
    energy_ev_per_atom
        None if its run has no result.
    source
        Where the energy comes from, for people.
    run
        Its run; None if the energy was given.
    notes
        What a reader of the number should know.
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
    """Return half the energy of O2.

    Parameters
    ----------
    folder
        VASP run of the molecule.
    energy_ev
        Or its energy, eV per molecule.

    Raises
    ------
    InputError
        Unless exactly one is given and is what it should be.
    """
    _exactly_one("O2", "the energy of O2", folder, energy_ev)
    if energy_ev is not None:
        given = _as_given("O2", energy_ev, n_atoms=2)
        if energy_ev > _O2_NOT_ABOVE_EV:
            given.notes.append(f"{energy_ev:g} eV is little for O2: --o2-energy is eV per molecule")
        return given
    run = read_plain_run(_folder(folder), "molecule_relax", moment=True)
    if run.structure is not None:
        _check_molecule(run.path, run.structure)
    known = run.completed is None or run.completed.moment_mu_b is not None
    notes = [] if known else [f"{run.path}: no occupations of two spins, so no moment of O2"]
    return Reference(_energy_per_atom(run), f"O2 in {run.path}", run, notes)


def lithium_reference(folder: Path | None, energy_ev: float | None) -> Reference:
    """Return the energy of Li metal.

    Parameters
    ----------
    folder
        VASP run of the metal.
    energy_ev
        Or its energy, eV per atom.

    Raises
    ------
    InputError
        Unless exactly one is given and is what it should be.
    """
    _exactly_one("Li", "the energy of Li metal", folder, energy_ev)
    if energy_ev is not None:
        given = _as_given("Li", energy_ev, n_atoms=1)
        if energy_ev < _LI_NOT_BELOW_EV:
            given.notes.append(f"{energy_ev:g} eV is much for Li: --li-energy is eV per atom")
        return given
    run = read_plain_run(_folder(folder), "bulk_relax")
    if run.structure is not None and run.structure.composition.reduced_formula != "Li":
        raise InputError(f"{run.path}: Li metal is expected, got {formula_of(run.structure)}")
    return Reference(_energy_per_atom(run), f"Li metal in {run.path}", run)


def _exactly_one(name: str, what: str, folder: Path | None, energy_ev: float | None) -> None:
    """Refuse a reference that is given twice or not at all, by the names of its options."""
    if (folder is None) == (energy_ev is None):
        got = "both were given" if folder is not None else "neither was given"
        option = f"--{name.lower()}"
        raise InputError(f"{what} comes from {option} or {option}-energy; {got}")


def _folder(folder: Path | None) -> Path:
    if folder is None:
        raise AssertionError  # _exactly_one has seen to it
    return folder


def _as_given(name: str, energy_ev: float, n_atoms: int) -> Reference:
    """Return the reference of an energy that is given for so many atoms."""
    if not (math.isfinite(energy_ev) and energy_ev < 0):
        option = f"--{name.lower()}-energy"
        raise InputError(f"{option} must be a negative number of eV, got {energy_ev!r}")
    note = f"the energy of {name} was given: whether its settings are the hosts' is not known"
    return Reference(energy_ev / n_atoms, f"energy of {name} as given", notes=[note])


def _check_molecule(path: str, structure: Structure) -> None:
    if formula_of(structure) != "O2":
        raise InputError(f"{path}: one O2 molecule is expected, got {formula_of(structure)}")
    length = float(structure.get_distance(0, 1))
    if length > O2_MAX_ANGSTROM:
        raise InputError(
            f"{path}: the two O are {length:.3f} A apart; a molecule of O2, below "
            f"{O2_MAX_ANGSTROM:g} A, is expected"
        )


def _energy_per_atom(run: PlainRun) -> float | None:
    energy, structure = run.calculation.energy_ev, run.calculation.structure
    return None if energy is None or structure is None else energy / len(structure)
