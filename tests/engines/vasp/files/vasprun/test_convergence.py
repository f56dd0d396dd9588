"""Whether a run converged, from its steps alone, and where OUTCAR has the last word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llo_dft.engines.vasp.files.vasprun.convergence import (
    DOES_NOT_SAY,
    Convergence,
    convergence,
    own_word,
)
from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step


def step(*electronic_ev: float, force: float = 0.0, **fields: Any) -> Step:
    forces = np.array([[force, 0.0, 0.0], [0.0, 0.0, 0.0]])
    energies = np.array(electronic_ev or (-10.0, -10.5, -10.50001))
    return Step(
        **{
            "energy_ev": energies[-1],
            "free_energy_ev": float(energies[-1]),
            "electronic_ev": energies,
            "forces_ev_per_angstrom": forces,
        }
        | fields
    )


def decided(*steps: Step, **parameters: Any) -> Convergence:
    return convergence({}, {"NELM": 60, "EDIFF": 1e-4} | parameters, steps or (step(),))


@pytest.mark.parametrize(
    ("energies", "nelm", "converged", "reason"),
    [
        ((-10.0, -10.5, -10.50001), 60, True, "3 of at most 60 steps: EDIFF 0.0001 eV was reached"),
        ((-10.0, -10.5, -10.50001), 3, False, "3 steps, and NELM is 3"),
        ((-10.0, -10.5, -10.7), 60, False, "ended after 3 of 60 steps with the energy still"),
        ((-10.0,), 60, True, "1 of at most 60 steps"),
    ],
)
def test_the_loop_of_the_electrons(
    energies: tuple[float, ...],
    nelm: int,
    converged: bool,  # noqa: FBT001
    reason: str,
) -> None:
    found = decided(step(*energies), NELM=nelm)
    assert found.electronic is converged
    assert found.electronic_reason.startswith(reason)


def test_linear_response_has_converged_if_the_ground_state_came_to_rest() -> None:
    energies = (-10.0, -10.5, -10.50001, -3.0, -7.0)
    assert decided(step(*energies), LEPSILON=True).electronic
    assert not decided(step(-10.0, -11.0, -12.0, -3.0), LEPSILON=True).electronic
    assert not decided(step(*energies)).electronic


@pytest.mark.parametrize(
    ("parameters", "forces", "converged", "reason"),
    [
        ({"NSW": 0}, (0.5,), True, "single point: nothing to converge"),
        ({"NSW": 50, "IBRION": 2, "EDIFFG": -0.02}, (0.5, 0.019), True, "2 of at most 50 steps"),
        ({"NSW": 50, "IBRION": 2, "EDIFFG": -0.02}, (0.5, 0.03), False, "ended after 2 of 50"),
        ({"NSW": 2, "IBRION": 2, "EDIFFG": -0.02}, (0.5, 0.01), False, "2 steps, and NSW is 2"),
        ({"NSW": 2, "IBRION": 0}, (0.5, 0.5), True, "2 of the 2 requested steps"),
        ({"NSW": 3, "IBRION": 0}, (0.5, 0.5), False, "2 of the 3 requested steps"),
        ({"NSW": 2, "IBRION": 2, "EDIFFG": 0.0}, (0.5, 0.5), True, "2 of the 2 requested steps"),
        ({"NSW": 9, "IBRION": 6}, (0.5, 0.5), True, "IBRION = 6: 2 displacements"),
    ],
)
def test_the_loop_of_the_ions(
    parameters: dict[str, Any],
    forces: tuple[float, ...],
    converged: bool,  # noqa: FBT001
    reason: str,
) -> None:
    found = decided(*(step(force=force) for force in forces), **parameters)
    assert found.ionic is converged
    assert found.ionic_reason.startswith(reason)


def test_a_held_atoms_force_does_not_count() -> None:
    held = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    options = {"NSW": 50, "IBRION": 2, "EDIFFG": -0.02}
    assert not decided(step(), step(force=0.5), **options).ionic
    assert decided(step(), step(force=0.5, movable=held), **options).ionic


def test_an_ediffg_above_zero_is_of_the_energy() -> None:
    options = {"NSW": 50, "IBRION": 2, "EDIFFG": 1e-3}
    far = step(free_energy_ev=-10.0), step(free_energy_ev=-10.5)
    near = step(free_energy_ev=-10.5), step(free_energy_ev=-10.5005)
    assert not decided(*far, **options).ionic
    assert decided(*near, **options).ionic


def test_vasps_own_word_decides() -> None:
    unknown = Convergence(False, False, DOES_NOT_SAY, "ended early")  # noqa: FBT003
    told = own_word(unknown, electronic=True, ionic=True)
    assert (told.electronic, told.ionic) == (True, True)
    assert told.electronic_reason == "OUTCAR: EDIFF is reached"
    sure = decided(step())
    assert own_word(sure, electronic=True, ionic=None) == sure
    refused = own_word(sure, electronic=False)
    assert (refused.electronic, refused.electronic_reason) == (
        False,
        "OUTCAR: EDIFF was not reached",
    )
    assert own_word(unknown) == unknown
