"""One calculation by GPAW: starts the driver, waits for its end, and says how it ended."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.engines.base import Outcome, moved_to, signal_name
from llo_dft.engines.gpaw.gpaw_files import CONTINUE, INPUT, KEPT, RESULT, START, read_result
from llo_dft.engines.gpaw.gpaw_program import DRIVER, command, last_words
from llo_dft.engines.spring_hessian import spring_hessian
from llo_dft.errors import CalculationError, InputError

#: What is said of a point that was not computed again.
_TAKEN_OVER: Final = "its electrons are those that its relaxation ended with"

#: What the program printed.
_OUTPUT: Final = "gpaw_output.txt"

#: Numbers of a cell and of places in it that differ by less are rounded.
_SAME_PLACE: Final = 1e-9


def run_program(structure: Structure, given: dict[str, Any], folder: Path) -> Outcome:
    """Run the driver in ``folder`` and return the outcome, with the site properties of a structure.

    ``given`` is what ``run_input`` makes of that structure. If the driver was stopped or killed,
    ``continue`` in the folder holds what the next attempt resumes from.

    Raises ``CalculationError`` if it did not converge, was stopped, or failed.
    """
    (folder / RESULT).unlink(missing_ok=True)
    write_input(structure, given, folder)
    with (folder / _OUTPUT).open("w", encoding="utf-8") as output:
        status = subprocess.run(  # noqa: S603 (the user's own command)
            [*command(), str(DRIVER)],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
    try:
        result = read_result(folder)
    except InputError as error:
        raise CalculationError(_ending(folder, status) or str(error)) from error
    if not result.stopped:
        # what is done or failed is not resumed
        shutil.rmtree(folder / CONTINUE, ignore_errors=True)
    if result.problem is not None or result.energy_ev is None:
        raise CalculationError(result.problem or "GPAW gave no energy", result.corrections)
    return Outcome(
        structure=moved_to(structure, result.cell, result.scaled_positions),
        energy_ev=result.energy_ev,
        max_force_ev_per_angstrom=result.max_force_ev_per_angstrom,
        magmoms_mu_b=result.moments_mu_b,
        n_steps=result.n_steps,
        n_evaluations=result.n_evaluations,
        corrections=result.corrections,
        notes=[_TAKEN_OVER] if given["electrons_from"] else [],
        output_files=[
            *(name for name in KEPT if (folder / name).is_file()),
            *sorted(path.name for path in folder.glob("gpaw_*.txt")),
        ],
    )


def write_input(structure: Structure, given: dict[str, Any], folder: Path) -> None:
    """Write ``given`` for the driver, and the curvature that each relaxation begins with."""
    (folder / INPUT).write_text(json.dumps(given, indent=1), encoding="utf-8")
    (folder / CONTINUE).mkdir(exist_ok=True)
    for stage in given["stages"]:
        if stage["relax"] is not None:
            springs = spring_hessian(structure.to_ase_atoms(), cell=stage["relax"]["cell"])
            np.save(folder / CONTINUE / f"springs_{stage['name']}.npy", springs)


def same_point(other: Path, given: dict[str, Any]) -> str | None:
    """Return the file with another calculation's electrons, if it ended with what is asked for.

    ``other`` is the folder of a finished calculation; of what is ``given`` (``run_input``) only one
    point can be taken over.

    It is None if the file is gone, or an atom, the cell or a parameter of GPAW's is another.
    """
    (stage, *more), atoms = given["stages"], given["atoms"]
    # of a relaxation, and of a point whose electrons were asked for
    files = [path for path in (other / START, other / "electrons.gpw") if path.is_file()]
    if more or stage["relax"] is not None or not files:
        return None
    try:
        before = json.loads((other / INPUT).read_text(encoding="utf-8"))
        found = read_result(other)
    except (OSError, ValueError):
        return None
    same = (
        found.problem is None
        and before["stages"][-1]["parameters"] == stage["parameters"]
        and (found.symbols, found.pbc) == (atoms["symbols"], atoms["pbc"])
        and np.allclose(found.cell, atoms["cell"], rtol=0, atol=_SAME_PLACE)
        and np.allclose(found.scaled_positions, atoms["scaled_positions"], rtol=0, atol=_SAME_PLACE)
    )
    return str(files[0].resolve()) if same else None


def _ending(folder: Path, status: int) -> str:
    """Return how a program without a result ended; empty if it ended well."""
    if not status:
        return ""
    words = last_words((folder / _OUTPUT).read_text(encoding="utf-8", errors="replace"))
    said = f"; its last words: {words!r}" if words else ""
    name = signal_name(status)
    if not name:
        shutil.rmtree(folder / CONTINUE, ignore_errors=True)
        return f"GPAW ended with exit status {status}{said}"
    resumed = (folder / CONTINUE / "state.json").is_file()
    goes_on = "; the next run resumes from its last step" if resumed else ""
    cause = "out of memory, or ended by the queue or a user"
    return f"GPAW was killed by {name} ({cause}){goes_on}{said}"
