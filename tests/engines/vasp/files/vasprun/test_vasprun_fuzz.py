"""Random damage to a vasprun.xml: a named error or the right numbers, nothing else."""

from __future__ import annotations

import gzip
import lzma
import random
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from damage_cases import PACKED_VASPRUN_EACH, VASPRUN_EACH, VASPRUN_MUCH, VASPRUN_SEEDS

from llo_dft.analysis.electronic.band_edges import band_edges
from llo_dft.engines.vasp.files.vasprun.read_vasprun import (
    ProjectionRequest,
    VaspFileError,
    read_vasprun,
)
from llo_dft.testing.vasprun_writer import L_FIELDS, LM_FIELDS, Run, text

if TYPE_CHECKING:
    from pathlib import Path

RUNS = (
    Run(("Li", "Mn", "O"), n_energies=17, energies=(-30.0, -30.4, -30.401), u_values={"Mn": 3.9},
        fields=L_FIELDS, n_electronic=2),
    Run(("Li", "Mn", "O"), n_energies=17, spins=1, fields=LM_FIELDS, old_energies=True,
        n_electronic=3, n_kpoints=1),
)  # fmt: skip

#: Longest that reading one small file may take, s; far more than it does on a busy machine.
HANG_S = 10.0


def results(path: Path) -> dict[str, Any]:
    """The numbers that others build upon."""
    run = read_vasprun(path, eigenvalues=True, projection=ProjectionRequest("p", element="O"))
    assert run.total_dos is not None
    assert run.projected_dos is not None
    if run.eigenvalues is None:  # a table of bands without occupations is another table
        raise VaspFileError(path, "absent", "no eigenvalues")
    bands = run.eigenvalues
    edges = band_edges(bands.energies_ev, bands.occupations, run.fermi_ev)
    return {
        "energies": [step.energy_ev for step in run.steps],
        "energy": run.energy_ev,
        "edges": (edges.vbm_ev, edges.cbm_ev, edges.gap_ev),
        "fermi": run.fermi_ev,
        "grid": run.total_dos.energies_ev.tolist(),
        "total": run.total_dos.density.tolist(),
        "projected": run.projected_dos.density.tolist(),
        "atoms": (run.final.symbols, run.final.fractional.tolist()),
        "cell": run.final.lattice_angstrom.tolist(),
        "settings": run.fingerprint.model_dump(),
    }


def flipped(source: random.Random, data: bytes) -> bytes:
    """A digit, point or tag becomes what stands in no number: another number nobody could see."""
    while True:
        place = source.randrange(len(data))
        new = source.choice((source.randrange(161, 256), source.choice(b"*<>/NaE\0")))
        if chr(data[place]) in "0123456789.<>" and new != data[place]:
            return data[:place] + bytes([new]) + data[place + 1 :]


def damaged(source: random.Random, data: bytes) -> bytes:
    kind = source.choice(("cut", "flip", "flip", "flip", "swap", "swap", "neighbours", "drop"))
    if kind == "cut":
        return data[: source.randrange(len(data))]
    if kind == "flip":
        return flipped(source, data)
    lines = data.splitlines(keepends=True)
    first, second = source.randrange(len(lines) - 1), source.randrange(len(lines))
    if kind == "drop":
        del lines[first]
    else:
        second = first + 1 if kind == "neighbours" else second
        kinds = [_ROW.match(lines[first]), _ROW.match(lines[second])]
        if kinds[0] and kinds[1] and kinds[0][1] == kinds[1][1]:
            return damaged(source, data)  # rows of tables: nothing tells whose they are
        if b"<field>" in lines[first] or b"<field>" in lines[second]:
            return damaged(source, data)  # names of columns
        lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


#: A row of a table: of atoms, vectors or numbers.
_ROW = re.compile(rb"\s*<(v|r|rc)>")

#: What hangs on one tag by its name: damaged, it is another tag, and VASP's default holds.
BY_NAME = {"settings", "energy", "energies"}


def undetectable(truth: dict[str, Any], got: dict[str, Any]) -> bool:
    """Damage that leaves a file that VASP could have written."""
    wrong = {name for name in truth if truth[name] != got[name]}
    if got["fermi"] is None:  # stars in its place: it is not used
        wrong -= {"fermi", "edges"}
    last = got["energies"][-1] == truth["energies"][-1]
    return wrong <= BY_NAME and last and got["energy"] in (truth["energy"], None)


def run_cases(path: Path, seed: int, count: int) -> list[str]:
    """Damage files and read them; return what came out wrong."""
    source = random.Random(seed)  # noqa: S311 (damage, not secrets)
    texts = [text(run).encode("latin-1") for run in RUNS]
    truths = []
    for data in texts:
        path.write_bytes(data)
        truths.append(results(path))
    faults: list[str] = []
    named = done = 0
    for _ in range(count):
        done += 1
        which = source.randrange(len(texts))
        data = damaged(source, texts[which])
        path.write_bytes(data)
        start = time.monotonic()
        try:
            got = results(path)
        except VaspFileError:
            named += 1
        else:
            if got != truths[which] and not undetectable(truths[which], got):
                lines = zip(data.splitlines(), texts[which].splitlines(), strict=False)
                change = next((pair for pair in lines if pair[0] != pair[1]), None)
                names = [name for name in got if got[name] != truths[which][name]]
                faults.append(f"{names}: {change}")
        assert time.monotonic() - start < HANG_S
    assert done == count
    assert named > count // 2  # most damage is seen
    return faults


@pytest.mark.parametrize("seed", range(VASPRUN_SEEDS))
def test_damage_never_gives_a_wrong_number(tmp_path, seed):
    assert run_cases(tmp_path / "vasprun.xml", seed, VASPRUN_EACH) == []


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_a_damaged_packed_file_never_gives_a_wrong_number(tmp_path, suffix, pack):
    source = random.Random(17)  # noqa: S311 (damage, not secrets)
    path = tmp_path / f"vasprun.xml{suffix}"
    packed = pack(text(RUNS[0]).encode("latin-1"))
    path.write_bytes(packed)
    truth = results(path)
    named = done = 0
    for case in range(PACKED_VASPRUN_EACH):
        done += 1
        place = source.randrange(len(packed))
        changed = bytes([packed[place] ^ (1 << source.randrange(8))]) + packed[place + 1 :]
        path.write_bytes(packed[:place] + (changed if case % 2 else b""))
        start = time.monotonic()
        try:
            got = results(path)
        except VaspFileError:
            named += 1
        else:
            assert got == truth
        assert time.monotonic() - start < HANG_S
    assert done == PACKED_VASPRUN_EACH
    assert named > 3 * PACKED_VASPRUN_EACH // 4


@pytest.mark.fuzz
def test_much_damage_never_gives_a_wrong_number(tmp_path):
    assert run_cases(tmp_path / "vasprun.xml", 99, VASPRUN_MUCH) == []
