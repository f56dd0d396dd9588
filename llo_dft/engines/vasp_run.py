"""One calculation by VASP: its stages in turn, from where an earlier attempt was stopped."""

from __future__ import annotations

import json
import math
import shutil
import warnings
from contextlib import chdir
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from llo_dft.engines.base import CalculationError, Outcome
from llo_dft.engines.vasp_handlers import (
    MAX_ERRORS,
    custodian_settings,
    error_handlers,
    wall_time_handler,
)
from llo_dft.engines.vasp_incar import STAGES
from llo_dft.engines.vasp_inputs import input_generator, poscar_structure, site_order
from llo_dft.engines.vasp_machine import VaspMachine
from llo_dft.engines.vasp_report import corrections, failure, reached_wall_time, run_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atomate2.vasp.sets.base import VaspInputGenerator
    from emmet.core.tasks import TaskDoc
    from pymatgen.core.structure import Structure

    from llo_dft.engines.vasp_protocols import VaspProtocol
    from llo_dft.typing import CalculationKind, FloatArray

#: Folder from which another attempt goes on.
CONTINUE: Final = "continue"

#: What an energy depends on and neither custodian nor a user's settings file may change under it.
DECISIVE: Final = (
    *("ENCUT", "PREC", "ISMEAR", "SIGMA", "ISPIN", "NUPDOWN", "LASPH", "GGA", "METAGGA"),
    *("LHFCALC", "HFSCREEN", "AEXX", "LDAU", "IVDW", "ISIF", "LDIPOL", "NGX", "NGY", "NGZ"),
)

_RELATIVE: Final = 1e-6

#: Outputs worth naming: what other programs read, zipped or not.
_KEPT: Final = (
    *("vasprun.xml", "OUTCAR", "CONTCAR", "OSZICAR", "CHGCAR", "AECCAR0", "AECCAR2", "LOCPOT"),
    *("INCAR", "KPOINTS", "POSCAR"),
)


class WallTimeReachedError(CalculationError):
    """VASP was stopped before it was done, and can go on."""


@dataclass
class _Progress:
    """How far a calculation is.

    Attributes
    ----------
    stage
        The one to run next.
    lattice, fractional
        Where the atoms are, in the order of POSCAR; None before the first step.
    """

    stage: str
    lattice: FloatArray | None = None
    fractional: FloatArray | None = None
    n_steps: int = 0
    corrections: list[str] = field(default_factory=list)
    wavecar: Path | None = None


@dataclass(frozen=True)
class VaspTask:
    """What is to be computed.

    Attributes
    ----------
    structure
        With moments as site property "magmom".
    kind, protocol, grid
        See ``vasp_incar.incar``.
    """

    structure: Structure
    kind: CalculationKind
    protocol: VaspProtocol
    grid: Sequence[int] | None = None


def run_task(task: VaspTask, folder: Path) -> Outcome:
    """Run all stages in ``folder`` and return the outcome.

    Raises
    ------
    CalculationError
        If it did not converge, VASP failed, or something that decides its energy was changed.
    WallTimeReachedError
        If it was stopped; ``folder/continue`` then holds what the next attempt needs.
    EngineError
        If the settings do not suit the structure.
    """
    stages = STAGES[task.kind]
    progress = _progress(folder / CONTINUE, stages[0])
    machine = VaspMachine.here()
    start = poscar_structure(task.structure, task.kind, task.protocol)
    result: TaskDoc = None
    where = folder
    for stage in stages[stages.index(progress.stage) :]:
        progress.stage = stage
        where = folder if len(stages) == 1 else folder / stage
        where.mkdir(exist_ok=True)
        result = _run_stage(task, _placed(start, progress), where, progress, machine)
        final = result.output.structure
        progress.lattice, progress.fractional = final.lattice.matrix, final.frac_coords
        progress.n_steps += _n_steps(result)
    outcome = _outcome(task, start, result, progress)
    _settle(folder, where)
    outcome.output_files.extend(_kept(folder))
    return outcome


def _run_stage(
    task: VaspTask, structure: Structure, folder: Path, progress: _Progress, machine: VaspMachine
) -> TaskDoc:
    """Run one stage under custodian and return atomate2's document of it."""
    from llo_dft.engines.vasp_maker import LayeredOxideVaspMaker  # noqa: PLC0415 (seconds)

    generator = input_generator(
        task.structure, task.kind, progress.stage, task.protocol, task.grid
    )
    one_point = progress.stage in {"energy", "static"}
    maker = LayeredOxideVaspMaker(
        name=f"{task.kind} {progress.stage}",
        input_set_generator=generator,
        vasp_cmd=machine.command,
        vasp_gamma_cmd=machine.gamma_command,
        handlers=[
            *error_handlers(hybrid=task.protocol.functional == "HSE06"),
            *wall_time_handler(machine, one_point=one_point),
        ],
        max_errors=MAX_ERRORS,
        custodian_kwargs=custodian_settings(machine),
        # densities of states are read from vasprun.xml by those who want them
        task_document_kwargs={"parse_dos": False, "parse_bandstructure": False,
                              "average_locpot": False, "store_additional_json": False},
    )
    if progress.wavecar is not None:
        shutil.copy(progress.wavecar, folder / "WAVECAR")
        progress.wavecar = None
    document, problem = None, None
    with chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of inputs that are made on purpose, once a job
        try:
            document = LayeredOxideVaspMaker.make.original(maker, structure).output
        except Exception as error:  # noqa: BLE001 (custodian and parsers raise anything)
            problem = error
    log = run_log(folder)
    progress.corrections += corrections(log)
    converged = document is not None and document.state == "successful"
    if reached_wall_time(log) and not converged:
        _leave_for_next(folder, task, progress, document)
    if problem is not None:
        raise CalculationError(failure(problem, folder, maker.job.status()), progress.corrections)
    _check_document(document, generator, structure, progress)
    return document


def _check_document(
    document: TaskDoc, generator: VaspInputGenerator, structure: Structure, progress: _Progress
) -> None:
    """Refuse what did not converge, is no number, or was computed with other settings."""
    done = progress.corrections
    if not math.isfinite(document.output.energy) or not np.isfinite(document.output.forces).all():
        raise CalculationError("VASP's energy or forces are no numbers (NaN)", done)
    if document.state != "successful":
        raise CalculationError(f"not converged: {_unconverged(document)}", done)
    used = document.calcs_reversed[0].input
    asked = generator.get_input_set(structure, potcar_spec=True)
    changed = [
        f"{tag} = {asked['INCAR'].get(tag)} was asked for, {used.incar.get(tag)} used"
        for tag in DECISIVE
        if not _same(asked["INCAR"].get(tag), used.incar.get(tag))
    ]
    mesh = [list(row) for row in asked["KPOINTS"].kpts]
    if [list(row) for row in used.kpoints.kpts] != mesh:
        changed.append(f"the k-mesh {mesh[0]} was asked for, {list(used.kpoints.kpts[0])} used")
    if changed:
        raise CalculationError(
            f"settings that decide the energy were changed on the way: {'; '.join(changed)}", done
        )


def _unconverged(document: TaskDoc) -> str:
    steps = document.calcs_reversed[0].output.ionic_steps
    largest = float(np.linalg.norm(document.output.forces, axis=1).max())
    limit = document.calcs_reversed[0].input.incar
    cycles = len(steps[-1].electronic_steps or [])
    if cycles >= int(limit.get("NELM", 60)):
        return f"the self-consistent cycle of step {len(steps)} did not end in {cycles} iterations"
    return (
        f"largest force {largest:.3f} eV/angstrom after {len(steps)} steps, expected at most "
        f"{-float(limit.get('EDIFFG', 0.0)):g}"
    )


def _same(asked: object, used: object) -> bool:
    if isinstance(asked, int | float) and isinstance(used, int | float):
        return math.isclose(asked, used, rel_tol=_RELATIVE, abs_tol=_RELATIVE)
    if asked is None or used is None:
        # a tag at its default may be left out of either
        return asked == used or asked in {None, False} and used in {None, False}
    return str(asked).lower() == str(used).lower()


def _outcome(task: VaspTask, start: Structure, result: TaskDoc, progress: _Progress) -> Outcome:
    """Return the outcome with the sites in the order that they were given in."""
    place = {old: new for new, old in enumerate(site_order(task.structure))}
    back = [place[i] for i in range(len(task.structure))]
    final = result.output.structure
    movable = np.array(start.site_properties.get("selective_dynamics", np.ones((len(start), 3))))
    forces = np.linalg.norm(np.array(result.output.forces) * movable, axis=1)
    moments = final.site_properties.get("magmom")
    return Outcome(
        structure=type(task.structure)(
            final.lattice,
            task.structure.species,
            final.frac_coords[back],
            site_properties=dict(task.structure.site_properties),
        ),
        energy_ev=float(result.output.energy),
        max_force_ev_per_angstrom=float(forces.max()),
        magmoms_mu_b=None if moments is None else [float(moments[i]) for i in back],
        n_steps=progress.n_steps,
        n_evaluations=progress.n_steps,
        corrections=progress.corrections,
    )


def _n_steps(document: TaskDoc) -> int:
    return len(document.calcs_reversed[0].output.ionic_steps)


def _placed(start: Structure, progress: _Progress) -> Structure:
    """Return the start with its atoms and cell where the calculation has come to."""
    if progress.lattice is None or progress.fractional is None:
        return start
    return type(start)(
        progress.lattice,
        start.species,
        progress.fractional,
        site_properties=dict(start.site_properties),
    )


def _leave_for_next(
    folder: Path, task: VaspTask, progress: _Progress, document: TaskDoc | None
) -> None:
    """Put what the next attempt needs into the calculation's folder, and end this one.

    Raises
    ------
    WallTimeReachedError
        Always.
    """
    from pymatgen.io.vasp.inputs import Poscar  # noqa: PLC0415 (a second to import)

    base = folder if len(STAGES[task.kind]) == 1 else folder.parent
    kept = base / CONTINUE
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    steps = progress.n_steps + (0 if document is None else _n_steps(document))
    state: dict[str, Any] = {
        "stage": progress.stage,
        "n_steps": steps,
        "corrections": [
            *progress.corrections,
            f"stopped for the wall time in {progress.stage!r} after {steps} ionic steps, and went on",
        ],
    }
    try:
        reached = Poscar.from_file(folder / "CONTCAR", check_for_potcar=False).structure
        state["lattice"] = reached.lattice.matrix.tolist()
        state["fractional"] = reached.frac_coords.tolist()
    except (OSError, ValueError, IndexError):  # not one step was done
        if progress.lattice is not None and progress.fractional is not None:
            state["lattice"] = progress.lattice.tolist()
            state["fractional"] = progress.fractional.tolist()
    wavecar = folder / "WAVECAR"
    if wavecar.is_file() and wavecar.stat().st_size:
        shutil.move(wavecar, kept / "WAVECAR")
    (kept / "state.json").write_text(json.dumps(state), encoding="utf-8")
    raise WallTimeReachedError(
        f"stopped for the wall time after {steps} ionic steps; the next run goes on from there",
        progress.corrections,
    )


def _progress(kept: Path, first: str) -> _Progress:
    """Return where an earlier attempt was stopped, or the beginning."""
    file = kept / "state.json"
    if not file.is_file():
        return _Progress(first)
    state = json.loads(file.read_text(encoding="utf-8"))
    wavecar = kept / "WAVECAR"
    return _Progress(
        stage=state["stage"],
        lattice=np.array(state["lattice"]) if "lattice" in state else None,
        fractional=np.array(state["fractional"]) if "fractional" in state else None,
        n_steps=state["n_steps"],
        corrections=state["corrections"],
        wavecar=wavecar if wavecar.is_file() else None,
    )


def _settle(folder: Path, last: Path) -> None:
    """Bring the last stage's files to the top, and tidy up all of them."""
    from llo_dft.engines.vasp_maker import tidy  # noqa: PLC0415 (seconds to import)

    shutil.rmtree(folder / CONTINUE, ignore_errors=True)
    stages = [path for path in folder.iterdir() if path.is_dir()]
    for path in {*stages, folder}:
        tidy(path)
    if last != folder:
        for file in last.iterdir():
            file.rename(folder / file.name)
        last.rmdir()


def _kept(folder: Path) -> list[str]:
    """Return the outputs worth naming, relative to the calculation's folder."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    wanted = [p for p in found if p.name.removesuffix(".gz") in _KEPT]
    return sorted(str(path.relative_to(folder)) for path in wanted)
