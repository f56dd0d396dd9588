"""What the writers of outputs share about a run."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.model.band_filling import FilledBands
    from llo_dft.testing.standin_vasp.model.grids import GridSizes
    from llo_dft.testing.standin_vasp.model.smeared_states import DensityOfStates
    from llo_dft.testing.standin_vasp.model.steps import MockStep
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

#: VASP's version whose outputs these are; another may be asked for.
VERSION = os.environ.get("STANDIN_VASP_VERSION", "6.4.2")
DATE = "20Jul23"

#: How far off the first electronic step is, eV an atom, and what each further step leaves of it.
_FIRST_OFF_EV = 3.0
_LEFT_PER_STEP = 0.12

#: How the electronic steps of an ionic step end: at EDIFF, at NELM, or for STOPCAR's LABORT.
ScfEnd = Literal["converged", "exhausted", "aborted"]

#: Electronic steps before LABORT ends them.
_BEFORE_ABORT = 5

#: By how much electrons that don't converge still change the energy, eV.
_UNCONVERGED_EV = 0.35


@dataclass(frozen=True)
class MockRun:
    """A run under way.

    Attributes
    ----------
    inputs
        What is to be computed.
    electrons
        Its electronic structure at the start; moments don't change with the places.
    sizes
        Its grids.
    started
        Wall clock when it started, s since the epoch.
    """

    inputs: Inputs
    electrons: FilledBands
    sizes: GridSizes
    started: float


@dataclass(frozen=True)
class WrittenStep:
    """An ionic step as the outputs have it.

    Attributes
    ----------
    step
        Its atoms and energy.
    number
        From 1.
    scf_ev
        Free energy after each electronic step.
    scf_converged
        Whether EDIFF was reached.
    seconds
        What it took.
    """

    step: MockStep
    number: int
    scf_ev: list[float]
    scf_converged: bool
    seconds: float
    entropy_ev: float  # free energy less energy

    @property
    def free_ev(self) -> float:
        """Free energy."""
        return self.scf_ev[-1]

    @property
    def without_entropy_ev(self) -> float:
        """Energy without entropy."""
        return self.free_ev - self.entropy_ev

    @property
    def zero_ev(self) -> float:
        """Energy extrapolated to no smearing: the potential's own."""
        return self.step.energy_ev


@dataclass(frozen=True)
class Final:
    """How the run ends.

    Attributes
    ----------
    last
        Its last ionic step.
    density_of_states
        Of the run's electrons.
    reached_accuracy
        Whether a relaxation reached EDIFFG.
    stop
        What VASP says where STOPCAR ended it, otherwise nothing.
    seconds
        What the whole run took.
    """

    last: WrittenStep
    density_of_states: DensityOfStates
    reached_accuracy: bool
    stop: str
    seconds: float


def written_step(
    run: MockRun, step: MockStep, number: int, seconds: float, end: ScfEnd = "converged"
) -> WrittenStep:
    """Make up the electronic steps that lead to a step's energy.

    Parameters
    ----------
    run
        The run, for NELM, NELMIN and EDIFF.
    step
        Atoms and energy.
    number
        Of the ionic step, from 1.
    seconds
        What it took.
    end
        How the electronic steps are to end, if NELM lets them.
    """
    incar = run.inputs.incar
    free = _free_energy(run, step.energy_ev)
    allowed = incar.whole("NELM", 60)
    start = _FIRST_OFF_EV * len(step.forces) * (1.0 if number == 1 else 0.02)
    changes = math.log(run.inputs.ediff / start) / math.log(_LEFT_PER_STEP)
    needed = max(2, incar.whole("NELMIN", 2), 2 + math.ceil(changes))
    reached = end == "converged" and needed < allowed
    n = needed if reached else min(allowed, _BEFORE_ABORT) if end == "aborted" else allowed
    off = [start * _LEFT_PER_STEP**k for k in range(n - 1)]
    if not reached:
        off = [_UNCONVERGED_EV * (-1) ** (n - k) for k in range(n - 1)]
    scf = [free + one for one in off] + [free]
    return WrittenStep(step, number, scf, reached, seconds, entropy_ev=run.electrons.entropy_ev)


def _free_energy(run: MockRun, zero_ev: float) -> float:
    """Return F of E0 = F + (E - F) / (N + 2), with T*S = E - F and N the order of smearing."""
    order = max(run.inputs.incar.whole("ISMEAR", 1), 0)
    return zero_ev + run.electrons.entropy_ev / (order + 2)


def without_energy(step: MockStep) -> MockStep:
    """Return a step whose energy is no number."""
    return replace(step, energy_ev=float("nan"), forces=np.asarray(step.forces))
