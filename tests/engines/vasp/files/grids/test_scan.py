"""The numbers of a grid: the doubles that Python reads, in whatever columns they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from grid_files import fortran_e
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.grids.scan import is_full_line, is_numbers, iter_values

if TYPE_CHECKING:
    from pathlib import Path


def lines(words: list[str], columns: int = 5) -> str:
    rows = [words[i : i + columns] for i in range(0, len(words), columns)]
    return "".join("".join(f" {word}" for word in row) + "\n" for row in rows)


def read(path: Path, text: str, n_values: int) -> list[float]:
    path.write_text(text, encoding="ascii")
    with ByteStream(path) as stream:
        return [float(x) for part in iter_values(stream, n_values) for x in part.copy()]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("grid") / "CHGCAR"


@given(
    st.lists(
        st.floats(-1e30, 1e30).map(lambda x: 0.0 if abs(x) < 1e-30 else x), min_size=1, max_size=60
    )
)
def test_the_numbers_are_those_that_python_reads(path: Path, values: list[float]) -> None:
    words = [fortran_e(value) for value in values]
    found = read(path, lines(words), len(values))
    assert found == pytest.approx([float(word) for word in words], rel=4e-16)


@pytest.mark.parametrize("n", [1, 4, 5, 6, 79, 80, 81, 400, 24_001])
def test_any_number_of_them_is_read_to_the_last(path: Path, n: int) -> None:
    values = np.random.default_rng(n).normal(size=n)
    words = [fortran_e(float(value)) for value in values]
    assert read(path, lines(words), n) == [float(word) for word in words]


def test_a_long_exponent_leaves_its_e_out(path: Path) -> None:
    words = [fortran_e(x) for x in (1e-150, -2e-120, 3.0, 4.0, 5.0)] * 40
    found = read(path, lines(words), len(words))
    assert found[:2] == [1e-150, -2e-120]
    assert found[2::5] == [3.0] * 40


def test_other_columns_are_read_word_by_word(path: Path) -> None:
    assert read(path, "1 2.5 -3e-2\n4 5 6\n7\n", 7) == [1, 2.5, -0.03, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("word", "fault", "message"),
    [
        ("*****************", "not_a_number", "asterisks"),
        ("              NaN", "not_a_number", "NaN or infinity"),
        ("0.123456789x1E+02", "corrupt", "expected finite numbers"),
        ("0.12345 78901E+02", "corrupt", "expected finite numbers|more numbers"),
    ],
)
def test_what_is_no_number_is_named_with_its_line(
    path: Path, word: str, fault: str, message: str
) -> None:
    words = [fortran_e(float(n)) for n in range(200)]
    words[57] = word
    with pytest.raises(VaspFileError, match=rf"line 12: .*({message})") as caught:
        read(path, lines(words), 200)
    assert caught.value.fault == fault


def test_a_grid_that_ends_early_is_truncated(path: Path) -> None:
    words = [fortran_e(float(n)) for n in range(200)]
    for n_kept in (0, 3, 5, 199):
        with pytest.raises(VaspFileError, match="truncated") as caught:
            read(path, lines(words[:n_kept]), 200)
        assert caught.value.fault == "truncated"


def test_a_line_is_full_only_in_vasps_own_columns() -> None:
    full = lines([fortran_e(1.0)] * 5).rstrip("\n").encode()
    assert is_full_line(full)
    assert not is_full_line(full[:-1])
    assert not is_full_line(b" 1.0 2.0 3.0 4.0 5.0")
    assert is_numbers(b" 1.0 2.0")
    assert not is_numbers(b"augmentation occupancies 1 7")
