"""OSZICAR, and what VASP prints on the terminal: the same lines and more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from llo_dft.engines.vasp.files.file_errors import MARK
from llo_dft.testing.standin_vasp.run_record import DATE, VERSION
from llo_dft.testing.standin_vasp.writing.fortran import exponential

if TYPE_CHECKING:
    from llo_dft.testing.standin_vasp.disk import Disk
    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.run_record import MockRun, WrittenStep

NAME = "OSZICAR"
_COLUMNS = (
    "       N       E                     dE             d eps       ncg     rms          rms(c)\n"
)


def say(text: str) -> None:
    """Print on the terminal, at once: a run that is killed has said so far what it did."""
    sys.stdout.write(text)
    sys.stdout.flush()


def say_head(crystal: PoscarCrystal) -> None:
    """Print what VASP begins with."""
    names = "".join(f"{symbol:<2}" for symbol, _ in crystal.kinds)
    say(
        " running    1 mpi-ranks, on    1 nodes\n"
        " distrk:  each k-point on    1 cores,    1 groups\n"
        " distr:  one band on    1 cores,    1 groups\n"
        f" vasp.{VERSION} {DATE} {MARK} complex\n \n"
        f" POSCAR found type information on POSCAR {names}\n"
        f" POSCAR found : {len(crystal.kinds):2d} types and {len(crystal.symbols):7d} ions\n"
    )


def write_step(disk: Disk, run: MockRun, written: WrittenStep, energy_before: float | None) -> None:
    """Write an ionic step with its electronic steps, here and on the terminal."""
    lines = [_COLUMNS, *_scf_lines(written)]
    change = written.free_ev - (0.0 if energy_before is None else energy_before)
    magnetic = f"  mag={run.electrons.moment:12.4f}" if len(run.electrons.bands) > 1 else ""
    free, zero = _short(written.free_ev), _short(written.zero_ev)
    lines.append(f"{written.number:4d} F= {free} E0= {zero}  d E ={_short(change, 6)}{magnetic}\n")
    disk.write(NAME, "".join(lines))
    say("".join(lines))


def write_half_step(disk: Disk, written: WrittenStep) -> None:
    """Write the electronic steps of an ionic step, and end there."""
    text = _COLUMNS + "".join(_scf_lines(written))
    disk.write(NAME, text)
    say(text)


def _scf_lines(written: WrittenStep) -> list[str]:
    lines, before = [], 0.0
    for number, energy in enumerate(written.scf_ev, start=1):
        change = energy - before
        small = exponential(change, 15, 5) + exponential(0.1 * change, 15, 5)
        norm = exponential(abs(change) / 10, 12, 3)
        lines.append(f"DAV: {number:3d} {exponential(energy, 20, 12)}{small}{1000:7d}{norm}\n")
        before = energy
    return lines


def _short(value: float, digits: int = 8) -> str:
    """Return a number without the zero before its point, as VASP does here."""
    return exponential(value, 0, digits).replace("0.", ".", 1)
