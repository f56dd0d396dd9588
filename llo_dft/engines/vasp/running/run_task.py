"""One calculation by VASP: its stages in turn, from where an earlier attempt was stopped."""

import logging
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from math import gcd, sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
from atomate2.vasp.sets.base import VaspInputGenerator
from emmet.core.tasks import TaskDoc
from pymatgen.core.structure import Structure

from llo_dft.engines.base import Outcome, StartFrom, check_version, moved_to
from llo_dft.engines.vasp.files.run_folder import read_run
from llo_dft.engines.vasp.incar import ONE_POINT, WITHOUT_DIPOLE, incar, stages
from llo_dft.engines.vasp.inputs import input_generator, poscar_structure, site_order, size_of
from llo_dft.engines.vasp.installation import VaspMachine
from llo_dft.engines.vasp.protocols import VaspProtocol
from llo_dft.engines.vasp.running.continuation import (
    StageProgress,
    WallTimeReachedError,
    forget_progress,
    leave_for_next,
    load_progress,
)
from llo_dft.engines.vasp.running.custodian_maker import LayeredOxideVaspMaker, tidy
from llo_dft.engines.vasp.running.end_report import corrections, failure, reached_wall_time, run_log
from llo_dft.engines.vasp.running.handlers import (
    MAX_ERRORS,
    custodian_settings,
    error_handlers,
    wall_time_handler,
)
from llo_dft.engines.vasp.running.run_checks import is_converged, problem_of
from llo_dft.engines.vasp.running.wave_functions import (
    START,
    WaveFunctions,
    pass_on,
    wave_functions,
    were_read,
)
from llo_dft.errors import CalculationError
from llo_dft.typing import CalculationKind

#: Outputs worth naming: what other programs read, zipped or not.
_KEPT: Final = (
    *("vasprun.xml", "OUTCAR", "CONTCAR", "OSZICAR", "CHGCAR", "AECCAR0", "AECCAR2", "LOCPOT"),
    *("INCAR", "KPOINTS", "POSCAR"),
)

#: Ranks up to which each may work on its own orbitals (VASP wiki, NCORE).
_OWN_ORBITALS: Final = 8

#: What is said of a calculation that began with less than its parent's electrons.
_ALONE: Final = "its electrons began with the moments of the calculation it is made from alone: {}"


@dataclass(frozen=True)
class VaspTask:
    """What is to be computed.

    The structure has moments as site property "magmom"; ``kind`` and ``protocol`` are as for
    ``incar``. ``start_from`` is the calculation whose electrons it begins with, if there is
    one, and ``version`` the only one of VASP that it may be run by; empty: any.
    """

    structure: Structure
    kind: CalculationKind
    protocol: VaspProtocol
    start_from: StartFrom | None = None
    version: str = ""


def run_task(task: VaspTask, folder: Path) -> Outcome:
    """Run all stages in ``folder`` and return the outcome.

    Raises ``CalculationError`` if it did not converge, VASP failed, or something that decides its
    energy was changed; ``WallTimeReachedError`` if it was stopped; ``folder/continue`` then holds
    what the next attempt needs; ``EngineError`` if the settings do not suit the structure.
    """
    try:
        outcome, last = _run_stages(task, folder)
    except WallTimeReachedError:
        raise
    except Exception:
        forget_progress(folder)  # what failed is not resumed
        raise
    forget_progress(folder)
    if task.kind == "slab_relax" and task.start_from is None:
        pass_on(last, folder / START)  # vacancies and single points may be made of it
    _settle(folder, last)
    outcome.output_files.extend(_kept(folder))
    return outcome


def _run_stages(task: VaspTask, folder: Path) -> tuple[Outcome, Path]:
    """Return the outcome, and the folder of the last stage."""
    turns = stages(task.structure, task.kind)
    progress = load_progress(folder, turns[0])
    waves, notes = _parent_waves(task)
    if waves is not None and progress.is_new:
        progress.wavecar = waves.path
    machine = VaspMachine.here()
    start = poscar_structure(task.structure, task.kind, task.protocol)
    result: TaskDoc = None
    where = folder
    for stage in turns[turns.index(progress.stage) :]:
        previous, where = where, folder if len(turns) == 1 else folder / stage
        where.mkdir(exist_ok=True)
        if progress.stage == WITHOUT_DIPOLE != stage:
            pass_on(previous, where)
        progress.stage = stage
        tags = {} if waves is None else waves.tags(first=stage == turns[0])
        tags |= _shared(task, stage, machine.n_ranks)
        place = progress.placed(start)
        result = _run_stage(task, place, (folder, where), progress, machine, tags)
        if stage != turns[-1]:  # of the last one the caller asks, who has the others' by then
            check_version(read_run(where).fingerprint.engine_version, task.version)
        if stage == turns[0] and waves is not None and not were_read(where):
            notes.append(_ALONE.format("VASP did not say that it read its wave functions"))
        progress.reached(result.output.structure)
        progress.n_steps += 0 if stage == WITHOUT_DIPOLE else _n_steps(result)
    return outcome_of(task.structure, start, result, progress, notes), where


def _shared(task: VaspTask, stage: str, n_ranks: int) -> dict[str, int]:
    """Return how the ranks share the work, unless the user says so."""
    if {"NCORE", "NPAR", "KPAR"} & task.protocol.incar.keys():
        return {}
    size = size_of(task.structure, task.kind, stage, task.protocol)
    # how many k-points symmetry leaves, VASP alone says
    is_all = "ISYM" in incar(task.structure, task.kind, stage, task.protocol)
    return parallel_tags(n_ranks, size["n_bands"], size["n_k_points"] if is_all else 1)


def _parent_waves(task: VaspTask) -> tuple[WaveFunctions | None, list[str]]:
    """Return the wave functions to begin with, and a note if those of the parent are none."""
    if task.start_from is None:
        return None, []
    found = wave_functions(task.start_from, task.structure, task.protocol.encut_ev)
    return (None, [_ALONE.format(found)]) if isinstance(found, str) else (found, [])


def _run_stage(
    task: VaspTask,
    structure: Structure,
    folders: tuple[Path, Path],
    progress: StageProgress,
    machine: VaspMachine,
    begin: Mapping[str, Any],
) -> TaskDoc:
    """Run one stage under custodian and return atomate2's document of it.

    ``folders`` are those of the calculation and of this run, ``begin`` the tags of its electrons.
    """
    calculation, run = folders
    # from the first structure: a cell that moved keeps its mesh and tags
    generator = input_generator(task.structure, task.kind, progress.stage, task.protocol, begin)
    maker = _maker(task, generator, progress.stage, machine)
    if progress.wavecar is not None:
        shutil.copy(progress.wavecar, run / "WAVECAR")
        progress.wavecar = None
    document, problem = None, None
    with chdir(run), log_into(run / "custodian.log"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about choices that are explained in engines.vasp.incar
        try:
            document = LayeredOxideVaspMaker.make.original(maker, structure).output
        except Exception as error:  # noqa: BLE001 (custodian and parsers raise anything)
            problem = error
        asked = generator.get_input_set(structure, potcar_spec=True)
    log = run_log(run)
    progress.corrections += corrections(log)
    if reached_wall_time(log) and not (document and is_converged(document, run)):
        n_steps = 0 if document is None else _n_steps(document)
        reason = leave_for_next(calculation, run, progress, n_steps)
        raise WallTimeReachedError(reason, progress.corrections)
    if problem is not None:
        reason = failure(problem, run, maker.job.status())
        raise CalculationError(reason, progress.corrections) from problem
    no_result = problem_of(document, asked, run)
    if no_result is not None:
        raise CalculationError(no_result, progress.corrections)
    return document


@contextmanager
def log_into(file: Path) -> Iterator[None]:
    """Write what custodian logs into a file; with nobody listening it would go to the screen."""
    handler = logging.FileHandler(file)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _maker(
    task: VaspTask, generator: VaspInputGenerator, stage: str, machine: VaspMachine
) -> LayeredOxideVaspMaker:
    return LayeredOxideVaspMaker(
        name=f"{task.kind} {stage}",
        input_set_generator=generator,
        vasp_cmd=machine.command,
        vasp_gamma_cmd=machine.gamma_command,
        handlers=[
            *error_handlers(hybrid=task.protocol.functional == "HSE06"),
            *wall_time_handler(machine, one_point=stage in ONE_POINT),
        ],
        max_errors=MAX_ERRORS,
        custodian_kwargs=custodian_settings(machine),
        # densities are read from the files by those who want them
        task_document_kwargs={
            "parse_dos": False,
            "parse_bandstructure": False,
            "average_locpot": False,
            "store_additional_json": False,
        },
    )


def outcome_of(
    given: Structure, start: Structure, result: TaskDoc, progress: StageProgress, notes: list[str]
) -> Outcome:
    """Return the outcome with sites in the order of ``given``; ``start`` is as POSCAR has it."""
    place = {old: new for new, old in enumerate(site_order(given))}
    back = [place[i] for i in range(len(given))]
    final = result.output.structure
    movable = np.array(start.site_properties.get("selective_dynamics", np.ones((len(start), 3))))
    forces = np.linalg.norm(np.array(result.output.forces) * movable, axis=1)
    moments = final.site_properties.get("magmom")
    return Outcome(
        structure=moved_to(given, final.lattice, final.frac_coords[back]),
        energy_ev=float(result.output.energy),
        max_force_ev_per_angstrom=float(forces.max()),
        magmoms_mu_b=None if moments is None else [float(moments[i]) for i in back],
        n_steps=progress.n_steps,
        n_evaluations=progress.n_steps,
        corrections=progress.corrections,
        notes=notes,
    )


def _n_steps(document: TaskDoc) -> int:
    return len(document.calcs_reversed[0].output.ionic_steps)


def _settle(folder: Path, last: Path) -> None:
    """Tidy up all stages' files, and bring those of the last one to the top."""
    for path in [folder, *(path for path in folder.iterdir() if path.is_dir())]:
        if path.name != START:
            tidy(path)
    if last != folder:
        for file in last.iterdir():
            file.rename(folder / file.name)
        last.rmdir()


def _kept(folder: Path) -> list[str]:
    """Return the outputs worth naming, relative to the calculation's folder."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    wanted = [path for path in found if path.name.removesuffix(".gz") in _KEPT]
    return sorted(str(path.relative_to(folder)) for path in wanted)


def parallel_tags(n_ranks: int, n_bands: int, n_k_points: int) -> dict[str, int]:
    """Return NCORE and KPAR, those that are not VASP's default of 1.

    KPAR groups of ranks take a k-point each; it divides the ranks (VASP wiki, KPAR) and the
    k-points, so that no group waits, and is the largest such number. Of the ranks of a group NCORE
    share an orbital: the divisor nearest to the square root of their number above 8 ranks (VASP
    wiki, NCORE and NPAR), the larger of two; no more groups of bands than bands.

    There are no tags for 0 ranks, which are not known. There are at least ``n_bands`` bands;
    ``n_k_points`` are those of the mesh that symmetry leaves.
    """
    if n_ranks < 1:
        return {}
    k_groups = gcd(n_ranks, n_k_points)
    group = n_ranks // k_groups
    shared = 1
    if group > _OWN_ORBITALS:
        divisors = [n for n in range(1, group + 1) if group % n == 0 and group // n <= n_bands]
        shared = min(divisors, key=lambda n: (abs(n - sqrt(group)), -n))
    return {tag: n for tag, n in (("NCORE", shared), ("KPAR", k_groups)) if n > 1}
