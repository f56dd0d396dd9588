"""Rows in columns read by whole-array arithmetic: the doubles that Python reads, or a named row."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.rows import RowReader, find_layout, read_columns

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "      <r>"


def row(*values: float, width: int = 11, decimals: int = 4) -> str:
    return PREFIX + "".join(f"{value:{width}.{decimals}f}" for value in values) + " </r>\n"


def table(*rows: str, number: int = 1) -> str:
    return f'     <set comment="spin {number}">\n{"".join(rows)}     </set>\n'


def array(*sets: str, fields: tuple[str, ...] = ("energy", "total")) -> str:
    names = "".join(f"<field>{name}</field>" for name in fields)
    return f"<array>{names}<set>\n{''.join(sets)}    </set></array>\n"


def read(path: Path, text: str, columns: tuple[int, ...] = (0, 1)) -> list[np.ndarray]:
    path.write_text(text, encoding="ascii")
    found = []
    with ByteStream(path) as stream:
        reader = RowReader(stream, "<dos>")
        reader.enter_array()
        while reader.open_set(len(found) + 1):
            found.append(reader.read_rows(columns))
    return found


@given(st.lists(st.floats(-99999, 99999), min_size=1, max_size=20))
def test_a_column_is_what_python_reads(values: list[float]) -> None:
    lines = [row(value, 1.5) for value in values]
    layout = find_layout(lines[0].encode(), 2)
    assert layout is not None
    rows = np.frombuffer("".join(lines).encode(), np.uint8).reshape(-1, layout.length)
    out = np.empty((1, len(lines)))
    assert read_columns(rows, layout, (0,), out).all()
    assert out[0].tolist() == [float(f"{value:.4f}") for value in values]


def test_a_layout_is_found_only_where_all_numbers_are_as_wide() -> None:
    layout = find_layout(row(-16.8756, 0.0).encode(), 2)
    assert layout is not None
    assert (layout.width, layout.decimals) == (11, (4, 4))
    assert layout.length == len(row(-16.8756, 0.0))
    assert find_layout(row(1.0, 2.0, 3.0).encode(), 2) is None
    assert find_layout(b"<r> 1 2 </r>\n", 2) is None


def test_sets_are_read_in_their_order_and_other_columns_passed_over(tmp_path: Path) -> None:
    sets = [table(row(1.0, 10.0), row(2.0, 20.0)), table(row(3.0, 30.0), row(4.0, 40.0), number=2)]
    first, second = read(tmp_path / "x", array(*sets), (1,))
    assert (first.tolist(), second.tolist()) == ([[10.0, 20.0]], [[30.0, 40.0]])


def test_another_programs_rows_are_read_word_by_word(tmp_path: Path) -> None:
    free = '<set comment="spin 1"><r>1 2e1</r><r>  3.5   -4</r></set>\n'
    (found,) = read(tmp_path / "x", array(free))
    assert found.tolist() == [[1.0, 3.5], [20.0, -4.0]]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    20.0000", "        NaN", "not_a_number"),
        ("    20.0000", "***********", "not_a_number"),
        ("    20.0000", "   2-0.0000", "corrupt"),
        ("    20.0000", "     0x0000", "corrupt"),
        ("    20.0000", "    2 .0000", "corrupt"),
    ],
)
def test_a_row_that_is_none_is_named_with_its_number(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    text = array(table(row(1.0, 10.0), row(2.0, 20.0), row(3.0, 30.0)))
    assert old in text
    with pytest.raises(VaspFileError, match=r"row 2 of 3 is not 2 numbers") as caught:
        read(tmp_path / "x", text.replace(old, new))
    assert caught.value.fault == fault


def test_a_second_set_of_another_length_is_corrupt(tmp_path: Path) -> None:
    sets = table(row(1.0, 1.0), row(2.0, 2.0)), table(row(1.0, 1.0), number=2)
    with pytest.raises(VaspFileError, match=r"corrupt|truncated"):
        read(tmp_path / "x", array(*sets))


def test_a_file_that_ends_within_a_set_is_truncated(tmp_path: Path) -> None:
    text = array(table(*(row(float(n), 1.0) for n in range(300))))
    source = random.Random(0)  # noqa: S311
    for _ in range(20):
        cut = text[: source.randrange(text.index("<r>") + 40, text.index("     </set>"))]
        with pytest.raises(VaspFileError, match="truncated") as caught:
            read(tmp_path / "x", cut)
        assert caught.value.fault == "truncated"
