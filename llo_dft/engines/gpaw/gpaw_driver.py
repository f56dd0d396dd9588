"""The program that runs GPAW: reads ``input.json`` in its folder, computes, writes the result.

    COMMAND gpaw_driver.py               computes what input.json asks for
    COMMAND gpaw_driver.py data Mn O     reports which GPAW and PAW data this command finds

It is started by a command of the user's, perhaps on many processors, and never imported: GPAW has
another licence than this package. It needs gpaw and ase and nothing of ``llo_dft``.
``run_input`` says what input.json holds, ``run_program`` writes it beside the curvature that a
relaxation begins with, ``gpaw_files`` says what is written: ``result_gpaw.json`` at the end,
``continue/state.json`` after each step of a relaxation, ``electrons.npz``, ``CHGCAR``,
``LOCPOT`` and GPAW's own ``electrons.gpw`` of a static calculation, and GPAW's texts. Every rank
runs all of it; rank 0 alone writes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

#: Iterations and steps that a second try of a cycle gets, times those of the first.
_LONGER: Final = 2

#: Time that a relaxation leaves unused before its end, s, beside one more step of the longest kind.
_BEFORE_END_S: Final = 60.0

#: Numbers in a line of a grid.
_COLUMNS: Final = 5


class NoResultError(Exception):
    """A calculation that ended without a result; the message says why."""


class StoppedError(Exception):
    """A relaxation that was stopped in time and can be resumed."""


def main(arguments: list[str]) -> None:
    """Compute, or say what is installed."""
    from gpaw.mpi import world  # noqa: PLC0415 (GPAW is imported by this program alone)

    if arguments[:1] == ["data"]:
        found = json.dumps(installed(arguments[1:]))
        if world.rank == 0:
            sys.stdout.write(f"{found}\n")
        return
    folder = Path.cwd()
    given = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    result = Calculation(given, folder).result()
    if world.rank == 0:
        write(folder / "result_gpaw.json", json.dumps(result, indent=1, default=encoded))


def installed(elements: list[str]) -> dict[str, Any]:
    """Return GPAW's version, and of each element its PAW data: their hash and valence."""
    import ase  # noqa: PLC0415
    import gpaw  # noqa: PLC0415
    from gpaw.mpi import world  # noqa: PLC0415
    from gpaw.setup_data import SetupData  # noqa: PLC0415

    data: dict[str, Any] = {}
    for element in elements:
        try:
            found = SetupData(element, "PBE")
        except FileNotFoundError:
            continue  # whoever asked says which is missing
        data[element] = {"md5": found.fingerprint, "valence": int(found.Nv)}
    version = {"gpaw": gpaw.__version__, "ase": ase.__version__}
    return {**version, "ranks": int(world.size), "paw_data": data}


class Calculation:
    """The stages of a calculation in turn, from where an earlier attempt was stopped."""

    def __init__(self, given: dict[str, Any], folder: Path) -> None:
        self.given, self.folder = given, folder
        self.kept = folder / "continue"
        self.kept.mkdir(exist_ok=True)
        self.state: dict[str, Any] = {
            "stage": given["stages"][0]["name"],
            "atoms": given["atoms"],
            "n_steps": 0,
            "n_evaluations": 0,
            "corrections": [],
        }
        stopped = self.kept / "state.json"
        if stopped.is_file():
            self.state = json.loads(stopped.read_text(encoding="utf-8"))
            steps = self.state["n_steps"]
            self.state["corrections"].append(f"stopped after step {steps}, and resumed from there")
        self.longest_s = 0.0

    def result(self) -> dict[str, Any]:
        """Run all stages and return what result_gpaw.json is to hold."""
        from gpaw import GPAW  # noqa: PLC0415

        elements = sorted(set(self.given["atoms"]["symbols"]))
        common = {"format": 1, "installed": installed(elements), "problem": None, "stopped": False}
        stages = self.given["stages"]
        try:
            check_memory(self.given["memory_bytes"])
            if self.given["electrons_from"] is None:
                atoms = self.run_all(stages)
            else:
                # the converged electrons of a file of GPAW's
                text = str(self.folder / "gpaw_taken_over.txt")
                atoms = GPAW(self.given["electrons_from"], txt=text).get_atoms()
            found = {**outcome(atoms), "parameters": atoms.calc.params.todict()}
            if stages[-1]["electrons"]:
                found |= write_electrons(atoms, self.folder)
            else:
                write_start(atoms, self.folder / "start")
        except NoResultError as error:
            found = {"problem": str(error)}
        except StoppedError as error:
            found = {"problem": str(error), "stopped": True}
        kept = {name: self.state[name] for name in ("n_steps", "n_evaluations", "corrections")}
        return {**common, **kept, **found}

    def run_all(self, stages: list[dict[str, Any]]) -> Atoms:
        """Run the stages that are left."""
        first = [stage["name"] for stage in stages].index(self.state["stage"])
        for stage in stages[first:]:
            self.state["stage"] = stage["name"]
            atoms = self.run(stage)
            self.reached(atoms)
        return atoms

    def run(self, stage: dict[str, Any]) -> Atoms:
        """Run one stage; a cycle that does not converge is tried once more, in another way."""
        from gpaw import GPAW, KohnShamConvergenceError  # noqa: PLC0415

        parameters, name = stage["parameters"], stage["name"]
        second = {"mixer": self.given["second_mixer"], "maxiter": _LONGER * parameters["maxiter"]}
        for attempt, other in enumerate(({}, second)):
            atoms = atoms_of(self.state["atoms"])
            text = f"gpaw_{name}{'_again' * attempt}.txt"
            atoms.calc = GPAW(**{**parameters, **other}, txt=str(self.folder / text))
            try:
                if stage["relax"] is None:
                    atoms.get_forces()
                    self.state["n_evaluations"] += 1
                else:
                    self.relax(atoms, stage["relax"])
            except KohnShamConvergenceError:
                what = f"the self-consistent cycle did not converge in {parameters['maxiter']} "
                if attempt:
                    again = f"nor in {second['maxiter']} with {mixing(second['mixer'])}"
                    raise NoResultError(f"not converged: {what}iterations, {again}") from None
                again = f"computed again with {mixing(second['mixer'])}"
                self.state["corrections"].append(f"{what}iterations; {again}")
            else:
                break
        return atoms

    def relax(self, atoms: Atoms, asked: dict[str, Any]) -> None:
        """Move the atoms, and the cell if asked, until no force is above the tolerance."""
        from ase.filters import FrechetCellFilter  # noqa: PLC0415
        from ase.optimize import BFGS  # noqa: PLC0415

        moving = FrechetCellFilter(atoms) if asked["cell"] else atoms
        tolerance, most = asked["force_tolerance"], asked["max_steps"]
        memory = str(self.kept / f"hessian_{self.state['stage']}.json")
        log = str(self.folder / "relaxation.log")
        with BFGS(moving, restart=memory, logfile=log) as optimizer:
            optimizer.H0 = np.load(self.kept / f"springs_{self.state['stage']}.npy")
            started = time.monotonic()
            for converged in optimizer.irun(fmax=tolerance, steps=most):
                self.state["n_steps"] += optimizer.nsteps > 0
                self.state["n_evaluations"] += 1
                self.reached(atoms)
                self.longest_s = max(self.longest_s, time.monotonic() - started)
                started = time.monotonic()
                if not converged and self.time_is_up():
                    raise StoppedError(
                        f"stopped for the wall time after step {self.state['n_steps']}; the next "
                        "run resumes there"
                    )
        if not converged:
            largest = np.linalg.norm(moving.get_forces(), axis=1).max()
            raise NoResultError(
                f"not converged after {most} steps: largest force {largest:.3f} eV/angstrom, "
                f"expected at most {tolerance:g}"
            )

    def reached(self, atoms: Atoms) -> None:
        """Note where the atoms are, so that a kill loses one step at most."""
        from gpaw.mpi import world  # noqa: PLC0415

        moments = atoms.get_magnetic_moments()
        self.state["atoms"] = {
            **self.state["atoms"],
            "cell": atoms.cell.tolist(),
            "scaled_positions": atoms.get_scaled_positions(wrap=False).tolist(),
            "moments": moments.tolist(),
        }
        if world.rank == 0:
            write(self.kept / "state.json", json.dumps(self.state))

    def time_is_up(self) -> bool:
        """Tell whether one more step may not end before the batch job does."""
        from gpaw.mpi import broadcast, world  # noqa: PLC0415

        end = os.environ.get("LLO_DFT_JOB_END_TIME") or os.environ.get("SLURM_JOB_END_TIME")
        up = bool(end) and time.time() + 1.5 * self.longest_s + _BEFORE_END_S > float(end or 0)
        return bool(broadcast(up if world.rank == 0 else None, comm=world))


def check_memory(needed: float) -> None:
    """Refuse a calculation for which this machine has not enough memory left."""
    from gpaw.mpi import broadcast, world  # noqa: PLC0415

    here = int(os.environ.get("OMPI_COMM_WORLD_LOCAL_SIZE", world.size))
    needed *= here / world.size
    free = float("inf")
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = 1024.0 * next(int(line.split()[1]) for line in lines if "MemAvailable" in line)
    # what one rank sees counts: another may already have taken its part
    free = broadcast(free if world.rank == 0 else None, comm=world)
    if needed > free:
        raise NoResultError(
            f"too little memory: {here} of {world.size} ranks need about {needed / 1e9:.1f} GB "
            f"on this node, {free / 1e9:.1f} GB are free; run fewer calculations at a time, or "
            "use more nodes"
        )


def atoms_of(given: dict[str, Any]) -> Atoms:
    """Return the atoms of input.json or of a state."""
    from ase import Atoms  # noqa: PLC0415

    return Atoms(
        given["symbols"],
        cell=given["cell"],
        scaled_positions=given["scaled_positions"],
        pbc=given["pbc"],
        magmoms=given["moments"],
    )


def write_start(atoms: Atoms, folder: Path) -> None:
    """Write what a calculation of the same point takes over: all but the wave functions."""
    folder.mkdir(exist_ok=True)
    atoms.calc.write(str(folder / "electrons.gpw"))


def outcome(atoms: Atoms) -> dict[str, Any]:
    """Return energy, forces, moments and place of atoms whose last point is computed."""
    levels = atoms.calc.dft.ibzwfs.fermi_levels
    from ase.units import Ha  # noqa: PLC0415

    return {
        "energy_ev": float(atoms.get_potential_energy()),
        "forces_ev_per_angstrom": atoms.get_forces().tolist(),
        "moments_mu_b": atoms.get_magnetic_moments().tolist(),
        "total_moment_mu_b": float(atoms.get_magnetic_moment()),
        # two with a fixed moment: each spin has its own
        "fermi_ev": [float(level * Ha) for level in levels],
        "symbols": list(atoms.symbols),
        "cell": atoms.cell.tolist(),
        "scaled_positions": atoms.get_scaled_positions(wrap=False).tolist(),
        "pbc": atoms.pbc.tolist(),
        "iterations": int(atoms.calc.get_number_of_iterations()),
    }


def write_electrons(atoms: Atoms, folder: Path) -> dict[str, Any]:
    """Write eigenstates with their projections, all-electron density and potential.

    Returns the vacuum levels above the upper and below the lower face, eV; None without vacuum.
    """
    from gpaw.dos import IBZWaveFunctions, get_projector_numbers  # noqa: PLC0415
    from gpaw.mpi import world  # noqa: PLC0415

    calculator = atoms.calc
    states = IBZWaveFunctions(calculator)
    # |<p|psi>|^2 of the bound partial waves of each atom and angular momentum, as GPAW's own
    # projected densities of states take them
    projections = [
        [states.pdos_weights(a, get_projector_numbers(setup, shell)).T for shell in (0, 1, 2)]
        for a, setup in enumerate(calculator.setups)
    ]
    eigenvalues = calculator.eigenvalues()
    occupations = calculator.occupations()
    # with projections and without wave functions: enough for GPAW's own densities of states
    write_start(atoms, folder)
    # each step of a relaxation moves the cores over the grid and changes their sum a little, up to
    # 1.5e-3 of 566 electrons in all, which the cycle keeps
    calculator.dft.density.normalize(calculator.dft.pot_calc.charge)
    density = calculator.get_all_electron_density(gridrefinement=2)
    potential = calculator.get_electrostatic_potential()
    if world.rank == 0:
        np.savez_compressed(
            folder / "electrons.npz",
            eigenvalues_ev=eigenvalues,
            occupations=occupations,
            k_point_weights=states.weights(),
            # spins, bands, k-points last of pdos_weights' transpose: put as the eigenvalues are
            projections=np.array(projections, dtype=np.float32).transpose(2, 4, 3, 0, 1),
        )
        write_grid(folder / "CHGCAR", atoms, density * atoms.get_volume())
        write_grid(folder / "LOCPOT", atoms, potential)
    vacuum = None
    if not atoms.pbc[2]:
        # not the grid's ends: there the potential climbs through the dipole layer
        work_functions = calculator.dft.workfunctions()
        vacuum = [float(one) + calculator.get_fermi_level() for one in work_functions]
    return {"vacuum_levels_ev": vacuum}


def write_grid(path: Path, atoms: Atoms, values: np.ndarray) -> None:
    """Write a grid in the layout of VASP's CHGCAR, first index fastest."""
    symbols = list(atoms.symbols)
    starts = [i for i, one in enumerate(symbols) if i == 0 or one != symbols[i - 1]]
    counts = np.diff([*starts, len(symbols)])
    lines = [
        "by GPAW",
        "1.0",
        *(" ".join(f"{x:.12f}" for x in row) for row in atoms.cell),
        " ".join(symbols[i] for i in starts),
        " ".join(str(n) for n in counts),
        "Direct",
        *(" ".join(f"{x:.12f}" for x in row) for row in atoms.get_scaled_positions(wrap=False)),
        "",
        " ".join(str(n) for n in values.shape),
    ]
    with path.open("w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
        for text in grid_lines(values.ravel(order="F")):
            file.write(text)


def grid_lines(values: np.ndarray) -> Iterator[str]:
    """Yield the numbers of a grid as text, some thousand at a time."""
    block = 2000 * _COLUMNS
    for start in range(0, len(values), block):
        part = values[start : start + block]
        rows, rest = divmod(len(part), _COLUMNS)
        text = (" %.10E" * _COLUMNS + "\n") * rows + (" %.10E" * rest + "\n") * bool(rest)
        yield text % tuple(part)


def mixing(mixer: dict[str, Any]) -> str:
    """Return a mixer in words."""
    return f"{mixer['name']} mixing, beta {mixer['beta']:g}"


def encoded(value: object) -> object:
    """Return a value of GPAW's parameters as JSON takes it."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def write(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    partial = path.with_name(f".{path.name}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
