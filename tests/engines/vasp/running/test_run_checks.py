"""Whether a finished run is a result: by VASP's own words, and by what it was asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llo_dft.engines.vasp.running.run_checks import DECISIVE, is_converged, problem_of

if TYPE_CHECKING:
    from pathlib import Path

ASKED = {"ENCUT": 520, "ISMEAR": 0, "SIGMA": 0.05, "NELM": 100, "NSW": 50, "EDIFFG": -0.02}
MESH = (4, 4, 1)


def document(
    incar: dict[str, Any] | None = None,
    *,
    state: str = "successful",
    energy: float = -10.0,
    force: float = 0.01,
    cycles: int = 9,
    mesh: tuple[int, int, int] = MESH,
) -> Any:
    """What atomate2 reads of a run of three steps, as far as it is looked at."""
    incar = ASKED if incar is None else incar
    steps = [SimpleNamespace(electronic_steps=[{}] * cycles)] * 3
    calculation = SimpleNamespace(
        input=SimpleNamespace(parameters=incar, incar=incar, kpoints=SimpleNamespace(kpts=[mesh])),
        output=SimpleNamespace(ionic_steps=steps),
    )
    output = SimpleNamespace(energy=energy, forces=np.array([[force, 0.0, 0.0]]))
    return SimpleNamespace(state=state, output=output, calcs_reversed=[calculation])


def asked(incar: dict[str, Any] = ASKED) -> dict[str, Any]:
    return {"INCAR": incar, "KPOINTS": SimpleNamespace(kpts=[MESH])}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a relaxation that VASP says converged."""
    (tmp_path / "vasp.out").write_text(" reached required accuracy - stopping\n", encoding="utf-8")
    (tmp_path / "OUTCAR").write_text(" aborting loop because EDIFF is reached\n", encoding="utf-8")
    return tmp_path


def test_a_converged_run_of_what_was_asked_for_is_a_result(run: Path) -> None:
    assert problem_of(document(), asked(), run) is None


def test_vasps_word_decides_of_a_relaxation_and_of_a_single_point(run: Path) -> None:
    (run / "vasp.out").write_text("", encoding="utf-8")
    assert not is_converged(document(), run)  # it did fewer steps than NSW, for it was stopped
    single = document(ASKED | {"NSW": 0})
    assert is_converged(single, run)
    (run / "OUTCAR").unlink()
    assert not is_converged(single, run)
    assert not is_converged(document(state="unsuccessful"), run)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"energy": float("nan")}, "VASP's energy or forces are no numbers (NaN)"),
        ({"force": float("inf")}, "VASP's energy or forces are no numbers (NaN)"),
        (
            {"state": "unsuccessful", "cycles": 100},
            "not converged: the self-consistent cycle of step 3 did not end in 100 iterations",
        ),
        (
            {"state": "unsuccessful", "force": 0.137},
            "not converged: largest force 0.137 eV/angstrom after 3 steps, expected at most 0.02",
        ),
    ],
)
def test_what_is_no_result_says_why(run: Path, changes: dict[str, Any], problem: str) -> None:
    assert problem_of(document(**changes), asked(), run) == problem


@pytest.mark.parametrize(
    ("used", "changed"),
    [
        ({"SIGMA": 0.2}, "SIGMA = 0.05 was asked for, 0.2 used"),
        ({"LDAU": True}, "LDAU = None was asked for, True used"),
        ({"LASPH": False}, None),  # VASP's default may be written or left out
        ({"ENCUT": 520.0}, None),
        ({"NELM": 200, "ALGO": "All", "NCORE": 4}, None),  # other ways to the same energy
    ],
)
def test_a_setting_that_decides_the_energy_may_not_change(
    run: Path, used: dict[str, Any], changed: str | None
) -> None:
    found = problem_of(document(ASKED | used), asked(), run)
    expected = "settings that decide the energy were changed on the way"
    assert found == (None if changed is None else f"{expected}: {changed}")


def test_a_text_is_compared_whatever_its_case(run: Path) -> None:
    found = problem_of(
        document(ASKED | {"PREC": "accurate"}), asked(ASKED | {"PREC": "Accurate"}), run
    )
    assert found is None
    assert "PREC" in DECISIVE


def test_another_mesh_is_another_calculation(run: Path) -> None:
    found = problem_of(document(mesh=(2, 2, 1)), asked(), run)
    assert str(found).endswith("a k-mesh of [4, 4, 1] was asked for, [2, 2, 1] used")
