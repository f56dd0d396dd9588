"""A run from its inputs to its last file, with the fault that it may have."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.counting import count_start, start_of
from llo_dft.testing.standin_vasp.disk import Disk
from llo_dft.testing.standin_vasp.model.band_filling import electrons_of
from llo_dft.testing.standin_vasp.model.downhill import pair_steps
from llo_dft.testing.standin_vasp.model.grids import grid_sizes
from llo_dft.testing.standin_vasp.model.smeared_states import density_of_states
from llo_dft.testing.standin_vasp.reading.whole_input import Inputs, read_inputs
from llo_dft.testing.standin_vasp.run_record import (
    Final,
    MockRun,
    WrittenStep,
    without_energy,
    written_step,
)
from llo_dft.testing.standin_vasp.stopcar import Stopcar
from llo_dft.testing.standin_vasp.stops import VaspStop, boxed
from llo_dft.testing.standin_vasp.writing import oszicar, outcar_writer, small_files, vasprun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from llo_dft.testing.standin_vasp.model.steps import MockStep
    from llo_dft.testing.standin_vasp.run_record import ScfEnd
    from llo_dft.testing.standin_vasp.settings import StagedFault, StandInSettings

#: Exit status of a Fortran program that a segmentation fault ended, and that could not write.
_SEGMENTATION_FAULT = 174
_WRITE_ERROR = 38

#: Files that VASP makes when it starts, so that none of an earlier run is left.
_MADE_EMPTY = ("OSZICAR", "CONTCAR", "XDATCAR", "DOSCAR", "EIGENVAL")

#: How often a run that waits looks for STOPCAR, s.
_PAUSE_S = 0.05


def run(folder: Path, settings: StandInSettings) -> int:
    """Run in a folder and return the exit status."""
    disk = Disk(folder)
    try:
        inputs = read_inputs(folder)
        oszicar.say_head(inputs.crystal)
        fault = count_start(settings, start_of(inputs, folder))
        disk = Disk(folder, fault.bytes_left if fault and fault.kind == "full_disk" else None)
        _Session(inputs, settings, fault, disk).run()
        disk.close()
    except VaspStop as stop:
        oszicar.say(stop.text)
        disk.write(outcar_writer.NAME, stop.text)
        disk.close()
        return stop.status
    except OSError as error:
        status = _cannot_write(disk, error)
        disk.give_up()
        return status
    return 0


def _cannot_write(disk: Disk, error: OSError) -> int:
    """Say what Fortran says of a file that can't be written."""
    path = disk.folder / disk.last_file
    sys.stderr.write(
        f"forrtl: {error.strerror}\nforrtl: severe (38): error during write, unit 20, file {path}\n"
    )
    return _WRITE_ERROR


def _engine(settings: StandInSettings) -> Callable[[Inputs], Iterator[MockStep]]:
    if settings.engine == "chgnet":
        from llo_dft.testing.standin_vasp.model.chgnet_steps import chgnet_engine

        return chgnet_engine(settings.chgnet)
    return pair_steps


class _Session:
    """One run of VASP."""

    def __init__(
        self, inputs: Inputs, settings: StandInSettings, fault: StagedFault | None, disk: Disk
    ) -> None:
        started = time.time()
        sizes = grid_sizes(inputs, settings.grid_divisor, settings.asked_grid_divisor)
        self._run = MockRun(inputs, electrons_of(inputs), sizes, started)
        self._steps = _engine(settings)
        self._moment_ev = settings.moment_ev
        self._fault = fault
        self._disk = disk
        self._stopcar = Stopcar(disk.folder)
        self._before_ev: float | None = None

    def run(self) -> None:
        """Write all outputs; the fault may end the process before that."""
        self._write_head()
        last: WrittenStep | None = None
        for step in map(self._with_moments, self._limited()):
            if last is not None:
                vasprun.end_step(self._disk)
            last = self._write_step(step, 1 if last is None else last.number + 1)
            self._fail_between_steps(last)
            if self._stopcar.found():
                break
        if last is None:
            raise AssertionError  # every engine gives a first step
        self._finish(last)

    def _with_moments(self, step: MockStep) -> MockStep:
        moments = self._run.inputs.incar.values.get("MAGMOM", ())
        weights = 1.0 + 0.01 * np.arange(len(moments))  # type: ignore[arg-type]
        added = self._moment_ev * float(weights @ np.array(moments, dtype=float))
        return replace(step, energy_ev=step.energy_ev + added)

    def _kind(self) -> str:
        return "" if self._fault is None else self._fault.kind

    def _write_head(self) -> None:
        oszicar.say(small_files.read_wavecar(self._disk.folder, self._run.inputs))
        warnings = [boxed("WARNING", [text]) for text in self._run.inputs.incar.warnings]
        oszicar.say("".join(warnings))
        outcar_writer.write_head(self._disk, self._run, warnings)
        vasprun.write_head(self._disk, self._run)
        for name in _MADE_EMPTY:
            self._disk.write(name, b"")
        self._disk.flush()

    def _limited(self) -> Iterator[MockStep]:
        """Give the engine's steps up to the last, at most NSW of them."""
        allowed = self._run.inputs.n_steps
        for number, step in enumerate(self._steps(self._run.inputs), start=1):
            if self._fault is not None and self._never_ends(number):
                yield from self._again(step, allowed - number + 1)
                return
            yield step
            if number == allowed or (step.converged and self._kind() != "wall_time"):
                return

    def _never_ends(self, number: int) -> bool:
        """Tell whether the fault holds the ions where they are from this step on."""
        fault = self._fault
        return (
            fault is not None
            and fault.kind in {"not_converged_ionic", "wall_time"}
            and number >= fault.after_steps
        )

    def _again(self, step: MockStep, n_times: int) -> Iterator[MockStep]:
        """Give a step over and over: until NSW, or for ever where time runs out."""
        still = replace(step, converged=False)
        yield still
        n_left = n_times - 1
        while n_left > 0 or self._kind() == "wall_time":
            yield still
            n_left -= 1

    def _write_step(self, step: MockStep, number: int) -> WrittenStep:
        before = time.time()
        self._wait()
        if self._kind() == "nan_energy":
            step = without_energy(step)
        end: ScfEnd = "aborted" if self._stopcar.hard else "converged"
        if self._kind() == "not_converged_electronic":
            end = "exhausted"
        seconds = max(0.01, time.time() - before)
        written = written_step(self._run, step, number, seconds, end)
        if self._kind() == "crash" and (step.converged or self._is_due(number - 1)):
            self._crash(written)
        outcar_writer.write_step(self._disk, self._run, written)
        vasprun.write_step(self._disk, written)
        oszicar.write_step(self._disk, self._run, written, self._before_ev)
        small_files.write_structures(self._disk, written)
        self._before_ev = written.free_ev
        self._disk.flush()
        return written

    def _is_due(self, n_written: int) -> bool:
        """Tell whether enough steps were written, or the next is the last."""
        fault = self._fault
        return fault is not None and n_written >= min(
            fault.after_steps, self._run.inputs.n_steps - 1
        )

    def _wait(self) -> None:
        """Take the time that a step takes, where the fault is that there is not enough of it."""
        fault = self._fault
        if fault is None or fault.kind != "wall_time":
            return
        until = time.time() + fault.seconds_per_step
        single = not self._run.inputs.relaxes  # one point goes on until it is stopped
        while (single or time.time() < until) and not self._stopcar.found():
            if time.time() > self._run.started + fault.limit_s:
                self._kill()
            time.sleep(_PAUSE_S)

    def _crash(self, written: WrittenStep) -> None:
        """Stop in the middle of a step, as after a segmentation fault."""
        outcar_writer.write_half_step(self._disk, self._run, written)
        vasprun.write_half_step(self._disk, written)
        oszicar.write_half_step(self._disk, written)
        self._disk.close()
        sys.stderr.write("forrtl: severe (174): SIGSEGV, segmentation fault occurred\n")
        sys.stderr.flush()
        os._exit(_SEGMENTATION_FAULT)

    def _kill(self) -> None:
        """End as from outside: nothing more is said or written."""
        self._disk.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    def _fail_between_steps(self, written: WrittenStep) -> None:
        if not (written.step.converged or self._is_due(written.number)):
            return
        if self._kind() == "killed":
            self._kill()
        if self._kind() == "zbrent":
            raise VaspStop(
                " ZBRENT: fatal error in bracketing\n"
                "     please rerun with smaller EDIFF, or copy CONTCAR\n"
                "     to POSCAR and continue\n"
            )

    def _finish(self, last: WrittenStep) -> None:
        run_ = self._run
        reached = run_.inputs.relaxes and last.step.converged
        final = Final(
            last=last,
            density_of_states=density_of_states(run_.inputs, run_.electrons),
            reached_accuracy=reached,
            stop=self._stopcar.said,
            seconds=time.time() - run_.started,
        )
        vasprun.write_end(self._disk, run_, final)
        small_files.write_end(self._disk, run_, final)
        if reached:
            oszicar.say(" reached required accuracy - stopping structural energy minimisation\n")
        oszicar.say(self._stopcar.said)
        oszicar.say(" writing wavefunctions\n")
        outcar_writer.write_end(self._disk, run_, final)
        self._stopcar.remove()
        self._disk.close()
        if self._kind() == "truncated_vasprun" and self._fault is not None:
            path = self._disk.folder / vasprun.NAME
            os.truncate(path, int(self._fault.kept * path.stat().st_size))
