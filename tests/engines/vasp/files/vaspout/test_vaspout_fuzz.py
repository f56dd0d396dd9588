"""Random damage to a vaspout.h5: a named error, the right numbers or none, nothing else.

The numbers themselves lie in the file as bare doubles, and a double with another bit is another
double: no reader can see that. So damage within them must only be survived; damage anywhere
else, in all that says where and what the numbers are, must be seen or do no harm.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import h5py
import pytest
from damage_cases import VASPOUT_EACH, VASPOUT_MUCH, VASPOUT_SEEDS
from vaspout_writer import write

from llo_dft.engines.vasp.files.vaspout.read_vaspout import read_vaspout
from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, VaspFileError
from llo_dft.testing.vasprun_writer import L_FIELDS, LM_FIELDS, Run

if TYPE_CHECKING:
    from pathlib import Path

RUNS = (
    Run(("Li", "Mn", "O"), n_energies=16, energy_range=(-8.0, 7.0), energies=(-30.0, -30.4),
        u_values={"Mn": 3.9}, fields=L_FIELDS, n_electronic=2, n_kpoints=1),
    Run(("Li", "Mn", "O"), n_energies=16, energy_range=(-8.0, 7.0), spins=1, fields=LM_FIELDS,
        n_electronic=3, n_kpoints=1),
)  # fmt: skip
MOMENTS = ([0.0, 3.1, -0.6], None)

#: Settings of optional tags: one whose name is damaged is another tag, or none.
MAY_BE_ABSENT = {"functional", "u"}

#: Longest that reading one small file may take, s; far more than it does on a busy machine.
HANG_S = 20.0


def results(path: Path) -> dict[str, Any]:
    """The numbers that others build upon."""
    run = read_vaspout(path, eigenvalues=True, projection=ProjectionRequest("p", element="O"))
    settings = run.fingerprint
    return {
        "energies": [step.energy_ev for step in run.steps],
        "energy": run.energy_ev,
        "fermi": run.fermi_ev,
        "total": run.total_dos.density.tolist(),
        "grid": run.total_dos.energies_ev.tolist(),
        "projected": run.projected_dos.density.tolist(),
        "bands": run.eigenvalues.energies_ev.tolist(),
        "atoms": (run.final.symbols, run.final.fractional.tolist()),
        "cell": run.final.lattice_angstrom.tolist(),
        "moments": run.moments_mu_b,
        "functional": settings.functional,
        "u": settings.u_values_ev,
        "cutoff": settings.cutoff_ev,
        "potcars": settings.pseudopotentials,
        "k": settings.k_spacing_per_angstrom,
    }


def stored_numbers(path: Path) -> list[tuple[int, int]]:
    """From where to where in the file the contents of datasets lie."""
    found: list[tuple[int, int]] = []

    def visit(_: str, node: h5py.Dataset | h5py.Group) -> None:
        if isinstance(node, h5py.Dataset) and node.id.get_offset() is not None:
            start = node.id.get_offset()
            found.append((start, start + node.id.get_storage_size()))

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def damaged(source: random.Random, data: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return the file's bytes and from where to where they changed; nowhere if cut."""
    kind = source.choice(("cut", "flip", "flip", "flip", "zero", "swap"))
    place = source.randrange(len(data))
    if kind == "cut":
        return data[:place], (0, 0)
    if kind == "flip":
        new = source.choice((source.randrange(256), data[place] ^ (1 << source.randrange(8))))
        return data[:place] + bytes([new]) + data[place + 1 :], (place, place + 1)
    if kind == "zero":
        count = min(source.choice((1, 8, 64, 512)), len(data) - place)
        return data[:place] + b"\0" * count + data[place + count :], (place, place + count)
    first, second = sorted(source.sample(range(0, len(data) - 64, 64), 2))
    parts = [data[:first], data[second : second + 64], data[first + 64 : second]]
    parts += [data[first : first + 64], data[second + 64 :]]
    return b"".join(parts), (first, second + 64)


def run_cases(path: Path, seed: int, count: int) -> list[str]:
    """Damage files and read them; return what came out wrong."""
    source = random.Random(seed)  # noqa: S311 (damage, not secrets)
    whole = []
    for run, moments in zip(RUNS, MOMENTS, strict=True):
        write(path, run, moments=moments)
        whole.append((path.read_bytes(), results(path), stored_numbers(path)))
    faults = []
    named = done = 0
    for _ in range(count):
        done += 1
        data, truth, numbers = source.choice(whole)
        text, (start, end) = damaged(source, data)
        path.write_bytes(text)
        begun = time.monotonic()
        try:
            got = results(path)
        except VaspFileError:
            named += 1
            continue
        finally:
            assert time.monotonic() - begun < HANG_S
        in_numbers = any(start < stop and end > first for first, stop in numbers)
        wrong = {name for name in truth if got[name] not in (truth[name], None)}
        wrong -= MAY_BE_ABSENT
        if wrong and not in_numbers:
            faults.append(f"bytes {start} to {end}: {sorted(wrong)}")
    assert done == count
    assert named > count // 4  # much of such a small file is empty
    return faults


@pytest.mark.parametrize("seed", range(VASPOUT_SEEDS))
def test_damage_never_gives_a_wrong_number(tmp_path, seed):
    assert run_cases(tmp_path / "vaspout.h5", seed, VASPOUT_EACH) == []


@pytest.mark.fuzz
def test_much_damage_never_gives_a_wrong_number(tmp_path):
    assert run_cases(tmp_path / "vaspout.h5", 99, VASPOUT_MUCH) == []
