"""A stand-in for GPAW: takes the driver's place and writes the files that the driver writes.

``use(monkeypatch)`` makes it the command of the engine. Started with the driver's path it reads
input.json, counts energies by hand (``energy_ev``) and marks all it writes as mock. Its numbers
mean nothing. ``LLO_DFT_STANDIN_GPAW`` names a fault: "kill", "crash", "steps", "unconverged", "old"
or "no data".
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pytest

FAULT = "LLO_DFT_STANDIN_GPAW"
VERSION = "26.7.0"

#: What an atom counts, eV, and valence electrons.
ATOM_EV = {"Li": -2.0, "O": -6.0, "P": -7.0, "Mn": -9.0, "Ni": -7.0, "Co": -8.0}
VALENCE = {"Li": 1, "O": 6, "P": 5, "Mn": 15, "Ni": 16, "Co": 15}
GRID = (6, 6, 20)

#: O 2p states of the stand-in lie here, eV; empty ones above the gap.
FILLED_EV = (-4.0, -2.0, -1.0)
EMPTY_EV = (1.0, 3.0)


def use(monkeypatch: pytest.MonkeyPatch, fault: str = "") -> None:
    """Make the stand-in the engine's command."""
    monkeypatch.setenv("LLO_DFT_GPAW_CMD", f"{sys.executable} {Path(__file__).resolve()}")
    monkeypatch.setenv(FAULT, fault)


def energy_ev(symbols: list[str]) -> float:
    """The energy of any arrangement of these atoms."""
    n_li = symbols.count("Li")
    return sum(ATOM_EV[one] for one in symbols) - 0.01 * n_li * symbols.count("O")


def installed() -> dict[str, Any]:
    data = {one: {"md5": f"{one.lower()}0", "valence": n} for one, n in VALENCE.items()}
    if os.environ.get(FAULT) == "no data":
        del data["O"]
    return {"gpaw": VERSION, "ase": "3.29.0", "ranks": 1, "paw_data": data}


def grid_text(atoms: dict[str, Any], value: float) -> str:
    """A grid of one value, in VASP's layout."""
    lines = ["SYSTEM stand-in for GPAW", "1.0"]
    lines += [" ".join(f"{x:.12f}" for x in row) for row in atoms["cell"]]
    lines += [" ".join(atoms["symbols"]), " ".join("1" * len(atoms["symbols"])), "Direct"]
    lines += [" ".join(f"{x:.12f}" for x in row) for row in atoms["scaled_positions"]]
    lines += ["", " ".join(map(str, GRID))]
    row = " ".join([f"{value:.10E}"] * 5)
    return "\n".join([*lines, *[row] * (int(np.prod(GRID)) // 5)]) + "\n"


def write_electrons(atoms: dict[str, Any]) -> None:
    symbols = atoms["symbols"]
    levels = np.array([*FILLED_EV, *EMPTY_EV])
    eigenvalues = np.array([[levels], [levels + 0.1]])
    projections = np.zeros((2, 1, len(levels), len(symbols), 3))
    projections[:, :, :, [one == "O" for one in symbols], 1] = 1.0
    np.savez_compressed(
        "electrons.npz",
        eigenvalues_ev=eigenvalues,
        occupations=(eigenvalues < 0.5).astype(float),
        k_point_weights=np.ones(1),
        projections=projections,
    )
    electrons = sum(VALENCE[one] for one in symbols)
    Path("CHGCAR").write_text(grid_text(atoms, electrons), encoding="utf-8")
    Path("LOCPOT").write_text(grid_text(atoms, 4.0), encoding="utf-8")


def main() -> None:
    if "data" in sys.argv:
        print(json.dumps(installed()))  # noqa: T201 (it is what the program says)
        return
    fault = os.environ.get(FAULT)
    given = json.loads(Path("input.json").read_text(encoding="utf-8"))
    atoms, stages = given["atoms"], given["stages"]
    state = Path("continue/state.json")
    resumed = state.is_file()
    if fault == "kill" and not resumed:
        state.parent.mkdir(exist_ok=True)
        state.write_text("{}", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "crash":
        print("Traceback\nMemoryError: no room\nbye")  # noqa: T201 (likewise)
        sys.exit(3)
    parameters = stages[-1]["parameters"]
    if fault == "old":  # what it ran with is not what was asked for
        parameters["mode"]["ecut"] = 300.0
    result = {
        "format": 1,
        "installed": installed(),
        "problem": None,
        "stopped": False,
        "n_steps": 3,
        "n_evaluations": 4,
        "corrections": ["stopped after step 1, and resumed from there"] if resumed else [],
        "mock": True,
    }
    if fault in {"steps", "unconverged"}:
        result["problem"] = "stopped for the wall time" if fault == "steps" else "not converged"
        result["stopped"] = fault == "steps"
        if fault == "steps":
            state.parent.mkdir(exist_ok=True)
            state.write_text("{}", encoding="utf-8")
    else:
        n_atoms = len(atoms["symbols"])
        spins = 2 if parameters["occupations"]["fixmagmom"] else 1
        result |= {
            "energy_ev": energy_ev(atoms["symbols"]),
            "forces_ev_per_angstrom": [[0.0, 0.0, 0.01]] * n_atoms,
            "moments_mu_b": atoms["moments"],
            "total_moment_mu_b": sum(atoms["moments"]),
            "fermi_ev": [0.0] * spins,
            "vacuum_levels_ev": None if atoms["pbc"][2] else [4.0, 4.0],
            **{name: atoms[name] for name in ("symbols", "cell", "scaled_positions", "pbc")},
            "iterations": 10,
            "parameters": parameters | {"xc": {"name": parameters["xc"]}},
        }
        if stages[-1]["electrons"]:
            write_electrons(atoms)
    Path("result_gpaw.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
