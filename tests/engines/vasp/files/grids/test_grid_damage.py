"""Damaged grid files: a named error or the right numbers, never wrong ones."""

from __future__ import annotations

import gzip
import lzma
import random
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from damage_cases import GRID_EACH, GRID_MUCH_SEEDS, GRID_SEEDS, PACKED_EACH
from grid_files import GridText, random_grid

from llo_dft.engines.vasp.files.grids.read_grids import (
    VaspFileError,
    read_density_difference,
    read_grid_header,
    read_potential,
)

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = ("spin", "plain", "odd", "short", "potential")


@cache
def sample(name: str) -> bytes:
    """One of the layouts that VASP writes."""
    shape = (6, 5, 7) if name != "odd" else (3, 7, 4)
    grids = [random_grid(shape, seed) for seed in range(2)]
    if name == "spin":
        return GridText(grids).text().encode()
    if name == "short":
        return GridText(grids[:1], short=True, occupancies=0).text().encode()
    if name == "potential":
        return GridText(grids, occupancies=0).text().encode()
    return GridText(grids[:1]).text().encode()


def numbers(path: Path, name: str) -> np.ndarray:
    if name == "potential":
        return read_potential(path).potential_ev
    return read_density_difference(path).difference_per_a3


def damaged(source: random.Random, text: bytes) -> tuple[bytes, str]:
    """A cut, a lost or doubled line of numbers, or a digit that becomes no digit."""
    kind = source.choice(("cut", "flip", "flip", "lost", "twice", "hole"))
    start = text.index(b"\n \n") + 3  # in the header a number stands for itself
    place = source.randrange(start, len(text) - 1)
    if kind == "cut":
        return text[: source.randrange(len(text))], kind
    if kind == "flip":
        while not chr(text[place]).isdigit():
            place = source.randrange(start, len(text) - 1)
        return text[:place] + source.choice([b"*", b"N", b"x", b"\0"]) + text[place + 1 :], kind
    if kind == "hole":  # as a full disk leaves it
        count = min(source.choice([4, 64, 512]), len(text) - place)
        return text[:place] + b"\0" * count + text[place + count :], kind
    lines = text.splitlines(keepends=True)
    of_numbers = [i for i, line in enumerate(lines) if re.match(rb" [0-]\.\d", line)]
    line = source.choice(of_numbers)
    changed = lines[:line] + (lines[line : line + 1] * 2 if kind == "twice" else [])
    return b"".join(changed + lines[line + 1 :]), kind


def check_seed(seed: int, path: Path) -> None:
    source = random.Random(seed)  # noqa: S311 (damage, not secrets)
    truth = {}
    for name in SAMPLES:
        path.write_bytes(sample(name))
        truth[name] = numbers(path, name)
    named = done = 0
    for case in range(GRID_EACH):
        done += 1
        name = source.choice(SAMPLES)
        text, kind = damaged(source, sample(name))
        path.write_bytes(text)
        try:
            found = numbers(path, name)
        except VaspFileError as error:
            named += 1
            assert str(path) in str(error)  # noqa: PT017 (either is right)
            continue
        # of two potentials the first stands alone where the file ends behind it
        cut_between = name == "potential" and kind == "cut"
        right = found.shape == truth[name].shape and np.array_equal(found, truth[name])
        assert right or cut_between, f"seed {seed}, case {case}: {name}, {kind}: a wrong number"
    assert done == GRID_EACH
    assert named > GRID_EACH / 3


@pytest.mark.parametrize("seed", range(GRID_SEEDS))
def test_damage_is_named_or_harmless(seed, tmp_path):
    check_seed(seed, tmp_path / "CHGCAR")


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", range(100, 100 + GRID_MUCH_SEEDS))
def test_more_damage_is_named_or_harmless(seed, tmp_path):
    check_seed(seed, tmp_path / "CHGCAR")


@pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".xz", lzma)])
def test_damaged_compressed_files_never_give_a_wrong_number(tmp_path, suffix, module):
    source = random.Random(5)  # noqa: S311 (damage, not secrets)
    path = tmp_path / f"CHGCAR{suffix}"
    packed = module.compress(sample("spin"))
    path.write_bytes(packed)
    truth = numbers(path, "spin")
    named = 0
    for case in range(PACKED_EACH):
        changed = bytearray(packed)
        if case % 2:
            changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
        else:
            del changed[source.randrange(len(changed)) :]
        path.write_bytes(changed)
        try:
            np.testing.assert_array_equal(numbers(path, "spin"), truth)
        except VaspFileError as error:
            named += 1
            assert str(path) in str(error)  # noqa: PT017 (either is right)
    assert named > 3 * PACKED_EACH // 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    6    5    7\n 0.", "    6    5    7\n NaN", "line 14: there is no number but NaN"),
        ("    6    5    7\n 0.", "    6    5    7\n ***", "line 14: .*asterisks"),
        ("E+", "+999", "line 14: expected finite numbers"),
        ("   Li", "   Lj", "line 6: expected the symbols of elements"),
        ("   Li    O\n", "", "line 6: .*VASP 4"),
        ("     1     2\n", "     1\n", "line 7: expected 2 numbers of atoms"),
        ("Direct", "Xirect", "line 11: expected 'Direct' or 'Cartesian'"),
        ("    6    5    7", "    6    5   -7", "line 13: expected the grid's shape"),
        ("    6    5    7", "    6    5    0", "line 13: expected the grid's shape"),
        ("    6    5    7", "    6    5    6", "more numbers than|this grid is"),
        (
            "    4.200000    0.000000    0.300000",
            "   -1.100000    5.000000    0.200000",
            "line 5: the lattice vectors span no volume",
        ),
        ("4.200000", "4.20x000", "line 3: expected a lattice vector: 3 finite numbers"),
        ("\n \n", "\n x\n", "line 12: expected a blank line"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, old, new, message):
    text = sample("spin").decode()
    assert old in text
    (tmp_path / "CHGCAR").write_text(text.replace(old, new, 1))
    with pytest.raises(VaspFileError, match=message):
        read_density_difference(tmp_path / "CHGCAR")


def test_another_shape_of_the_second_grid_is_named(tmp_path):
    text = sample("spin").decode()
    place = text.rindex("    6    5    7")
    (tmp_path / "CHGCAR").write_text(text[:place] + "    6    7    5" + text[place + 15 :])
    with pytest.raises(VaspFileError, match=r"grid is \(6, 7, 5\), the first one \(6, 5, 7\)"):
        read_density_difference(tmp_path / "CHGCAR")


def test_half_a_file_is_truncated(tmp_path):
    path = tmp_path / "CHGCAR"
    path.write_bytes(sample("spin")[:-4500])
    with pytest.raises(VaspFileError, match="truncated"):
        read_density_difference(path)
    path.write_bytes(sample("plain")[: sample("plain").rindex(b"augmentation")])
    with pytest.raises(VaspFileError, match=r"truncated.*occupancies of 2 of 3 atoms"):
        read_density_difference(path)
    path.write_bytes(b"")
    with pytest.raises(VaspFileError, match="truncated"):
        read_density_difference(path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_a_promise_that_the_file_does_not_keep_asks_for_no_memory(tmp_path, pack):
    path = tmp_path / "CHGCAR"
    path.write_bytes(pack(f"{GridText([]).header()}99999 99999 99999\n".encode()))
    with pytest.raises(VaspFileError, match=r"truncated|no memory"):
        read_density_difference(path)
    assert read_grid_header(path) if pack is not bytes else True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (sample("plain") + b"\n" * (1 << 23), "too many lines after a grid"),
        (b" " * (1 << 24), "a line without an end"),
    ],
)
def test_a_bomb_is_not_unpacked_to_its_end(tmp_path, text, message):
    path = tmp_path / "CHGCAR.gz"
    path.write_bytes(gzip.compress(text, 1))
    with pytest.raises(VaspFileError, match=message):
        read_density_difference(path)
