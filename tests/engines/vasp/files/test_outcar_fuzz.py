"""Random damage to an OUTCAR: a named error, the right numbers or none, nothing else."""

from __future__ import annotations

import random
import re
import time
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from damage_cases import OUTCAR_EACH, OUTCAR_MUCH, OUTCAR_SEEDS

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.outcar import Outcar, read_outcar

if TYPE_CHECKING:
    from pathlib import Path

#: Longest that reading one small file may take, s; far more than it does on a busy machine.
HANG_S = 10.0

MOMENTS = (3.607, -0.049, 0.013)
EARLIER = (1.007, -0.049, 0.013)


def table(heading: str, totals: tuple[float, ...]) -> str:
    """A table of atoms as VASP prints it; the d column makes up each sum."""
    rows = [
        f"{n:5d}        0.003  -0.050{total + 0.047:8.3f}{total:8.3f}"
        for n, total in enumerate(totals, start=1)
    ]
    last = f"tot{0.009:15.3f}{-0.15:8.3f}{sum(totals) + 0.141:8.3f}{sum(totals):8.3f}"
    rule = "-" * 42
    head = "# of ion       s       p       d       tot"
    return "\n".join([f" {heading}", "", head, rule, *rows, rule, last, "", ""])


def step(moments: tuple[float, ...]) -> str:
    charges = tuple(5.0 + 0.1 * n for n in range(len(moments)))
    energy = "  free  energy   TOTEN  =       -41.25310042 eV\n\n"
    return energy + table("total charge", charges) + table("magnetization (x)", moments)


TEXT = (
    " vasp.6.4.2 20Jul23 complex\n executed on LinuxIFC\n\n"
    + step(EARLIER)
    + step(MOMENTS)
    + " vacuum level on the upper side and lower side of the slab         5.250         5.125\n\n"
    + " the core state eigenenergies are\n\n"
    + "    1-  1s  -6400.1234  2s   -720.5000  2p   -610.2500\n       3s    -80.1250\n"
    + "    2-  1s   -510.7500\n    3-  1s   -511.0000\n\n"
    + " E-fermi :   1.0000\n\n"
    + " General timing and accounting informations for this job:\n"
    + "                  Total CPU time used (sec):      300.000\n"
    + "                         Elapsed time (sec):      321.500\n"
).encode()
TRUTH = Outcar(
    free_energy_ev=-41.25310042,
    wall_s=321.5,
    moments_mu_b=MOMENTS,
    vacuum_levels_ev=(5.25, 5.125),
    core_levels_ev=(
        {"1s": -6400.1234, "2s": -720.5, "2p": -610.25, "3s": -80.125},
        {"1s": -510.75},
        {"1s": -511.0},
    ),
)

#: Lines with numbers that nothing else in the file repeats.
ALONE = {
    "vacuum_levels_ev": rb"vacuum level",
    "core_levels_ev": rb"\d[sp] +-",
    "wall_s": rb"Elapsed time",
    "free_energy_ev": rb"TOTEN",
}


def damaged(source: random.Random) -> tuple[bytes, str, int]:
    """Return the text, what was done to it, and the line that was hit."""
    kind = source.choice(("cut", "flip", "flip", "drop"))
    if kind == "cut":
        place = source.randrange(len(TEXT))
        return TEXT[:place], kind, TEXT.count(b"\n", 0, place)
    if kind == "flip":
        return flipped(source)
    lines = TEXT.splitlines(keepends=True)
    gone = source.randrange(len(lines))
    return b"".join(lines[:gone] + lines[gone + 1 :]), kind, gone


def flipped(source: random.Random) -> tuple[bytes, str, int]:
    """One byte becomes another, a digit never another digit: no reader could see that."""
    while True:
        place = source.randrange(len(TEXT))
        new = source.choice((source.randrange(128, 256), source.choice(b"*#/NaE\n")))
        if chr(TEXT[place]) in "0123456789.-" and new != TEXT[place]:
            text = TEXT[:place] + bytes([new]) + TEXT[place + 1 :]
            return text, "flip", TEXT.count(b"\n", 0, place)


def no_reader_could_see(kind: str, line: int, name: str) -> bool:
    """Tell whether a number that stands alone lost or gained a digit or sign at its end."""
    text = TEXT.splitlines()[line]
    return kind == "flip" and name in ALONE and bool(re.search(ALONE[name], text))


def is_part(name: str, value: object) -> bool:
    """Tell whether a value is the true one, or less of it: what was lost is not a wrong number."""
    if value in (None, (), getattr(TRUTH, name)):
        return True
    if name == "moments_mu_b":  # a rule among the rows ends the table; users compare the count
        return MOMENTS[: len(value)] == value
    whole = TRUTH.core_levels_ev
    if name == "core_levels_ev" and isinstance(value, tuple) and len(value) <= len(whole):
        return all(own.items() <= true.items() for own, true in zip(value, whole, strict=False))
    return False


def run_cases(path: Path, seed: int, count: int) -> list[str]:
    """Damage the file and read it; return what came out wrong."""
    source = random.Random(seed)  # noqa: S311 (damage, not secrets)
    faults = []
    named = done = 0
    for _ in range(count):
        done += 1
        text, kind, line = damaged(source)
        path.write_bytes(text)
        start = time.monotonic()
        try:
            got = read_outcar(path)
        except VaspFileError:
            named += 1
            continue
        finally:
            assert time.monotonic() - start < HANG_S
        for one in fields(Outcar):
            value = getattr(got, one.name)
            cut_early = kind == "cut" and value == EARLIER
            if not (
                is_part(one.name, value) or cut_early or no_reader_could_see(kind, line, one.name)
            ):
                faults.append(f"{kind} in line {line + 1}: {one.name} {value}")
    assert done == count
    assert named > count // 8  # much of an OUTCAR is text that is not read
    return faults


def test_what_is_not_damaged_is_read(tmp_path):
    path = tmp_path / "OUTCAR"
    path.write_bytes(TEXT)
    assert read_outcar(path) == TRUTH
    assert len(re.findall(rb"# of ion", TEXT)) == 4


@pytest.mark.parametrize("seed", range(OUTCAR_SEEDS))
def test_damage_never_gives_a_wrong_number(tmp_path, seed):
    assert run_cases(tmp_path / "OUTCAR", seed, OUTCAR_EACH) == []


@pytest.mark.fuzz
def test_much_damage_never_gives_a_wrong_number(tmp_path):
    assert run_cases(tmp_path / "OUTCAR", 99, OUTCAR_MUCH) == []
