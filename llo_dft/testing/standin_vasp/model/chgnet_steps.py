"""Relaxation with CHGNet, as the package's own engine does it: calculator, optimiser, cell.

Imports torch: seconds. Nothing else here does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.steps import MockStep
from llo_dft.testing.standin_vasp.stops import NotDone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ase import Atoms

    from llo_dft.engines.potentials.chgnet import ChgnetCalculator
    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs
    from llo_dft.testing.standin_vasp.settings import ChgnetSettings

#: Rounding of a force criterion.
_ROUNDING = 1e-12

#: Shares of the tolerance that are tried, until the forces themselves are small enough.
_SHARES = (1.0, 0.95, 0.9, 0.8, 0.6)


def chgnet_engine(settings: ChgnetSettings) -> Callable[[Inputs], Iterator[MockStep]]:
    """Return an ``Engine`` that takes CHGNet's energies."""

    def steps(inputs: Inputs) -> Iterator[MockStep]:
        from ase.constraints import FixAtoms

        from llo_dft.engines.potentials.chgnet import ChgnetCalculator

        atoms = _atoms(inputs.crystal)
        held = _held(inputs.crystal)
        if held:
            atoms.set_constraint(FixAtoms(held))
        atoms.calc = ChgnetCalculator(
            model=settings.model, stress=inputs.relaxes_cell, device=settings.device
        )
        if not inputs.relaxes:
            yield _step(inputs, atoms, _with_stress(settings, inputs), converged=True)
            return
        yield from _downhill(inputs, atoms, settings)

    return steps


def _downhill(inputs: Inputs, atoms: Atoms, settings: ChgnetSettings) -> Iterator[MockStep]:
    from ase.filters import FrechetCellFilter
    from ase.optimize import (
        BFGS,
        FIRE,
        LBFGS,
        BFGSLineSearch,
        LBFGSLineSearch,
    )

    known = {one.__name__: one for one in (BFGS, FIRE, LBFGS, BFGSLineSearch, LBFGSLineSearch)}
    target = FrechetCellFilter(atoms) if inputs.relaxes_cell else atoms
    optimizer = known[settings.optimizer](target, logfile=None)
    tolerance = _tolerance(inputs, settings)
    for share in _SHARES:
        for converged in optimizer.irun(fmax=share * tolerance, steps=inputs.n_steps):
            done = bool(converged) and _reached(inputs, atoms)
            if done or not converged:  # what doesn't go on is written once
                stress = _with_stress(settings, inputs) if done else None
                yield _step(inputs, atoms, stress, converged=done)
            if done:
                return


def _reached(inputs: Inputs, atoms: Atoms) -> bool:
    """Tell whether the forces themselves are below EDIFFG.

    With the cell, ASE looks at forces times deformation, which may be a percent smaller.
    """
    largest = np.linalg.norm(atoms.get_forces(), axis=1).max(initial=0.0)
    return inputs.ediffg >= 0 or bool(largest <= -inputs.ediffg)


def _tolerance(inputs: Inputs, settings: ChgnetSettings) -> float:
    """Return the largest force at the end: |EDIFFG|, or what the settings say if that is tighter.

    Raises
    ------
    NotDone
        If the settings are looser than EDIFFG (the outputs would say that VASP did not do as it
        was told), or EDIFFG is an energy and they say nothing.
    """
    asked = settings.cell_force_tolerance if inputs.relaxes_cell else settings.force_tolerance
    if inputs.ediffg >= 0:
        if asked is None:
            raise NotDone("EDIFFG >= 0 with CHGNet, unless its settings name a force")
        return asked
    if asked is not None and asked > -inputs.ediffg + _ROUNDING:
        raise NotDone(f"a force tolerance of {asked}, looser than EDIFFG = {inputs.ediffg}")
    return -inputs.ediffg if asked is None else asked


def _atoms(crystal: PoscarCrystal) -> Atoms:
    from ase import Atoms

    return Atoms(
        crystal.symbols, cell=crystal.lattice, scaled_positions=crystal.fractional, pbc=True
    )


def _held(crystal: PoscarCrystal) -> list[int]:
    """Return the atoms that don't move at all.

    Raises
    ------
    NotDone
        If an atom may move along some lattice vectors only.
    """
    if crystal.movable is None:
        return []
    free = crystal.movable.sum(axis=1)
    if set(free) - {0, 3}:
        raise NotDone("selective dynamics along single directions with CHGNet")
    return [int(index) for index in np.flatnonzero(free == 0)]


def _with_stress(settings: ChgnetSettings, inputs: Inputs) -> ChgnetCalculator | None:
    """Return a calculator for the stress at the end, where the cell was not relaxed."""
    from llo_dft.engines.potentials.chgnet import ChgnetCalculator

    if inputs.relaxes_cell or inputs.isif == 0:
        return None
    return ChgnetCalculator(model=settings.model, stress=True, device=settings.device)


def _step(
    inputs: Inputs, atoms: Atoms, stress_from: ChgnetCalculator | None, *, converged: bool
) -> MockStep:
    """Return the step at the places where the atoms are."""
    crystal = inputs.crystal
    if inputs.relaxes:  # what stays where it is keeps its last digits
        lattice = np.array(atoms.cell)
        crystal = crystal.moved(lattice, atoms.positions @ np.linalg.inv(lattice))
    stress = None
    if inputs.relaxes_cell:
        stress = atoms.get_stress(voigt=False)
    elif stress_from is not None:
        stress = stress_from.get_stress(atoms)[[[0, 5, 4], [5, 1, 3], [4, 3, 2]]]
    forces = atoms.get_forces(apply_constraint=False)
    return MockStep(crystal, float(atoms.get_potential_energy()), forces, stress, converged)
