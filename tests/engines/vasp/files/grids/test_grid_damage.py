"""Damaged grid files: a named error or the right numbers, never wrong ones."""

from __future__ import annotations

import gzip
import lzma
import random
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from damage_cases import GRID_EACH, GRID_MUCH_SEEDS, GRID_SEEDS, PACKED_EACH
from grid_files import GridText, random_grid

from llo_dft.engines.vasp.files.grids.read_grids import (
    ChargeDensity,
    VolumetricError,
    read_charge_density,
    read_grid_header,
    read_potential,
)

DIGITS = b"0123456789"
SEEDS_FAST, CASES = range(GRID_SEEDS), GRID_EACH
SEEDS_MUCH = range(100, 100 + GRID_MUCH_SEEDS)


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


SAMPLES = ("spin", "plain", "odd", "short", "potential")


@dataclass
class Damage:
    """What was done to a file, and whether any reader could tell."""

    text: bytes
    what: str
    can_be_seen: bool


def line_kinds(text: bytes) -> list[str]:
    """What each line of a file is, so that exchanged lines can be told to be alike."""
    kinds = ["title", "scale", *["lattice"] * 3, "symbols", "counts", "Direct", *["atom"] * 3]
    kinds += ["blank", "shape"]
    lines = text.split(b"\n")
    width = len(lines[len(kinds)])
    for line in lines[len(kinds) :]:
        is_rest = len(line) < width and re.fullmatch(rb"( [0-]\.\d+E[+-]\d\d)+", line)
        kinds.append("values" if len(line) == width else "rest" if is_rest else "other")
    return kinds


def can_flip_be_seen(text: bytes, place: int, new: int) -> bool:
    """Some characters stand alone: nothing else in the file says what they were."""
    number = text.count(b"\n", 0, place)
    kind = line_kinds(text)[number]
    old = text[place]
    if kind == "title":
        return False
    if kind in {"scale", "lattice", "atom"}:
        # a first digit or a sign that came or went leaves a number of the same layout
        return not (chr(old) in " -0123456789" and chr(new) in " -+0123456789")
    if kind == "symbols":  # Li to Ti, O to C
        return not chr(new).isalpha()
    if kind in {"values", "rest"}:
        # 0.1 to -.1, E+02 to E-02
        return not (chr(old) in "0-+ " and chr(new) in "0-+ ")
    return True


def flip(rng: random.Random, text: bytes) -> Damage:
    while True:
        place = rng.randrange(len(text))
        new = rng.choice([rng.randrange(256), *b" \n-+.E*N0123456789"])
        if new != text[place] and not (text[place] in DIGITS and new in DIGITS):
            break
    damaged = text[:place] + bytes([new]) + text[place + 1 :]
    what = f"byte {place}: {text[place : place + 1]!r} to {bytes([new])!r}"
    return Damage(damaged, what, can_flip_be_seen(text, place, new))


def truncate(rng: random.Random, text: bytes) -> Damage:
    place = rng.randrange(len(text))
    # without the moments that announce it, nothing says that there was a second grid
    before_moments = re.match(rb"(  -?\d\.\d{12}E[+-]\d\d)+\n", text[place:])
    return Damage(text[:place], f"cut at {place}", before_moments is None)


def swap_lines(rng: random.Random, text: bytes) -> Damage:
    lines = text.split(b"\n")[:-1]
    first, second = sorted(rng.sample(range(len(lines)), 2))
    kinds = line_kinds(text)
    lines[first], lines[second] = lines[second], lines[first]
    # two lines of one kind: every number is still a number in its place, and so it is
    # where the numbers of the one grid are exchanged for those of the other
    return Damage(
        b"\n".join(lines) + b"\n",
        f"lines {first + 1} and {second + 1} exchanged",
        kinds[first] != kinds[second],
    )


def lose_line(rng: random.Random, text: bytes) -> Damage:
    lines = text.split(b"\n")[:-1]
    gone = rng.randrange(len(lines))
    del lines[gone]
    return Damage(b"\n".join(lines) + b"\n", f"line {gone + 1} lost", can_be_seen=True)


def double_line(rng: random.Random, text: bytes) -> Damage:
    lines = text.split(b"\n")[:-1]
    twice = rng.randrange(len(lines))
    lines.insert(twice, lines[twice])
    return Damage(b"\n".join(lines) + b"\n", f"line {twice + 1} twice", can_be_seen=True)


def lose_bytes(rng: random.Random, text: bytes) -> Damage:
    place = rng.randrange(len(text))
    count = rng.choice([1, 2, 18, 91])
    gone = text[place : place + count]
    # blanks and title apart, and a first digit as in can_flip_be_seen
    number = text.count(b"\n", 0, place)
    loose = line_kinds(text)[number] in {"title", "scale", "lattice", "atom", "symbols"}
    return Damage(
        text[:place] + text[place + count :],
        f"{len(gone)} bytes lost at {place}",
        not loose,
    )


def blank_out(rng: random.Random, text: bytes) -> Damage:
    """A hole in the file, as a full disk or a copy that was cut off leaves it."""
    place = rng.randrange(len(text))
    count = min(rng.choice([4, 64, 512]), len(text) - place)
    kind = line_kinds(text)[text.count(b"\n", 0, place)]
    damaged = text[:place] + b"\0" * count + text[place + count :]
    return Damage(damaged, f"{count} bytes zeroed at {place}", kind != "title")


DAMAGES = (flip, flip, flip, truncate, swap_lines, lose_line, double_line, lose_bytes, blank_out)


@cache
def expected(name: str) -> tuple[bytes, ChargeDensity, np.ndarray]:
    text = sample(name)
    return text, *read_all(text, name, None)


def read_all(text, name, path):
    if path is None:
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            return read_all(text, name, Path(folder) / "CHGCAR")
    path.write_bytes(text)
    if name == "potential":
        found = read_potential(path)
        return found, found.potential_ev
    found = read_charge_density(path)
    return found, found.density_per_a3


def is_right(found, values, reference, reference_values) -> bool:
    shift = found.header.fractional - reference.header.fractional
    return (
        found.header.species == reference.header.species
        and np.array_equal(found.header.lattice_angstrom, reference.header.lattice_angstrom)
        and bool(np.all(np.abs(shift - np.rint(shift)) < 1e-12))
        and values.shape == reference_values.shape
        and np.array_equal(values, reference_values)
    )


def check_seed(seed, tmp_path):
    rng = random.Random(seed)  # noqa: S311 (damage, not secrets)
    messages, right, done = [], 0, 0
    for case in range(CASES):
        done += 1
        name = rng.choice(SAMPLES)
        text, reference, reference_values = expected(name)
        damage = rng.choice(DAMAGES)(rng, text)
        try:
            found, values = read_all(damage.text, name, tmp_path / "CHGCAR")
        except VolumetricError as error:
            messages.append(str(error))
            continue
        if damage.can_be_seen:
            good = is_right(found, values, reference, reference_values)
            assert good, f"seed {seed}, case {case}: {name}, {damage.what}: a wrong number"
            right += 1
    assert done == GRID_EACH
    assert all("CHGCAR, line " in message for message in messages)
    assert len(messages) > CASES / 2
    assert right > 0


@pytest.mark.parametrize("seed", SEEDS_FAST)
def test_damage_is_named_or_harmless(seed, tmp_path):
    check_seed(seed, tmp_path)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", SEEDS_MUCH)
def test_more_damage_is_named_or_harmless(seed, tmp_path):
    check_seed(seed, tmp_path)


@pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".xz", lzma)])
def test_damaged_compressed_files_never_give_a_wrong_number(tmp_path, suffix, module):
    rng = random.Random(5)  # noqa: S311
    text, reference, reference_values = expected("spin")
    packed = module.compress(text)
    path = tmp_path / f"CHGCAR{suffix}"
    messages = []
    for case in range(PACKED_EACH):
        damaged = bytearray(packed)
        if case % 2:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        else:
            del damaged[rng.randrange(len(damaged)) :]
        path.write_bytes(damaged)
        try:
            found = read_charge_density(path)
        except VolumetricError as error:
            messages.append(str(error))
        else:
            assert is_right(found, found.density_per_a3, reference, reference_values)
    assert all(str(path) in message for message in messages)
    assert len(messages) > 3 * PACKED_EACH // 4


class TestNamedWithPlace:
    def damaged(self, tmp_path, old, new, name="spin"):
        text = sample(name).decode()
        assert old in text
        (tmp_path / "CHGCAR").write_text(text.replace(old, new, 1))
        return tmp_path / "CHGCAR"

    def test_nan_is_no_number(self, tmp_path):
        path = self.damaged(tmp_path, "    6    5    7\n 0.", "    6    5    7\n NaN")
        with pytest.raises(
            VolumetricError, match=r"line 14 \(byte \d+\): there is no number but NaN"
        ):
            read_charge_density(path)

    def test_asterisks_are_named(self, tmp_path):
        lines = sample("spin").decode().split("\n")
        lines[20] = " " + "*" * 17 + lines[20][18:]
        (tmp_path / "CHGCAR").write_text("\n".join(lines))
        with pytest.raises(VolumetricError, match=r"line 21 \(byte \d+\): .*asterisks"):
            read_charge_density(tmp_path / "CHGCAR")

    def test_a_number_that_overflows_is_named(self, tmp_path):
        lines = sample("plain").decode().split("\n")
        lines[20] = lines[20][:14] + "+999" + lines[20][18:]
        (tmp_path / "CHGCAR").write_text("\n".join(lines))
        with pytest.raises(VolumetricError, match=r"line 21 .* too large to be held"):
            read_charge_density(tmp_path / "CHGCAR")

    def test_another_shape_of_the_second_grid(self, tmp_path):
        lines = sample("spin").decode()
        place = lines.rindex("    6    5    7")
        (tmp_path / "CHGCAR").write_text(lines[:place] + "    6    7    5" + lines[place + 15 :])
        with pytest.raises(
            VolumetricError, match=r"grid is \(6, 7, 5\), the first one \(6, 5, 7\)"
        ):
            read_charge_density(tmp_path / "CHGCAR")

    def test_half_a_magnetisation_is_half_a_file(self, tmp_path):
        text = sample("spin")
        (tmp_path / "CHGCAR").write_bytes(text[: len(text) - 3000])
        with pytest.raises(VolumetricError, match="truncated: a grid that the file begins needs"):
            read_charge_density(tmp_path / "CHGCAR")

    def test_occupancies_of_some_atoms_are_half_a_file(self, tmp_path):
        text = sample("plain")
        place = text.rindex(b"augmentation")
        (tmp_path / "CHGCAR").write_bytes(text[:place])
        with pytest.raises(VolumetricError, match="occupancies of 2 of 3 atoms"):
            read_charge_density(tmp_path / "CHGCAR")

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("   Li", "   Lj", "symbols of elements"),
            ("   Li    O\n", "", "VASP 4"),
            ("     1     2\n", "     1\n", "2 numbers of atoms"),
            ("Direct", "Dorect", "'Direct' or 'Cartesian'"),
            ("    6    5    7", "    6    5   -7", "the grid's shape"),
            ("    6    5    7", "    6    5    0", "the grid's shape"),
            (
                "    4.200000    0.000000    0.300000",
                "   -1.100000    5.000000    0.200000",
                "no volume",
            ),
            ("4.200000", "4.20000", "decimals"),
            ("\n \n", "\n x\n", "a blank line"),
        ],
    )
    def test_header(self, tmp_path, old, new, message):
        with pytest.raises(VolumetricError, match=rf"line \d+ \(byte \d+\): .*{message}"):
            read_grid_header(self.damaged(tmp_path, old, new))

    def test_an_empty_file(self, tmp_path):
        (tmp_path / "CHGCAR").write_bytes(b"")
        with pytest.raises(VolumetricError, match=r"line 1 \(byte 0\): the file is truncated"):
            read_charge_density(tmp_path / "CHGCAR")


class TestBounds:
    def test_a_promise_that_the_file_can_not_hold_asks_for_no_memory(self, tmp_path):
        header = GridText([]).header() + "99999999999999\n"
        text = header.replace("99999999999999", "99999 99999 99999").encode()
        for suffix, data in (
            ("", text),
            (".gz", gzip.compress(text)),
            (".xz", lzma.compress(text)),
        ):
            path = tmp_path / f"CHGCAR{suffix}"
            path.write_bytes(data)
            with pytest.raises(VolumetricError, match="truncated: the grid needs"):
                read_charge_density(path)

    def test_a_bomb_is_not_decompressed_to_its_end(self, tmp_path):
        text = sample("plain") + b"\n" * (1 << 27)
        path = tmp_path / "CHGCAR.gz"
        path.write_bytes(gzip.compress(text, 1))
        with pytest.raises(VolumetricError, match="more than"):
            read_charge_density(path)

    def test_a_line_without_end(self, tmp_path):
        path = tmp_path / "CHGCAR.gz"
        path.write_bytes(gzip.compress(b" " * (1 << 26), 1))
        with pytest.raises(VolumetricError, match="a line has more than 16384 bytes"):
            read_charge_density(path)
