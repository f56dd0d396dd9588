from __future__ import annotations

import numpy as np
import pytest
from grid_files import fortran_e
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from llo_dft.testing.standin_vasp.writing.fortran import exponential, fixed, grid_lines, rows

in_columns = st.floats(-99999.0, 999999.0, allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=in_columns)
)
def test_rows_are_those_of_a_plain_format(columns: np.ndarray):
    found = rows(columns, "  <r>", " </r>").splitlines()
    plain = ["  <r>" + "".join(f"{x:11.4f}" for x in row) + " </r>" for row in columns.T]
    for line, expected in zip(found, plain, strict=True):
        assert len(line) == len(expected)
        ours, theirs = (_words(text[5:-5]) for text in (line, expected))
        # a digit that is exactly half may go either way, and nothing is less than zero by nothing
        assert [float(x) for x in ours] == pytest.approx([float(x) for x in theirs], abs=1.01e-4)


def _words(text: str) -> list[str]:
    return [text[i : i + 11] for i in range(0, len(text), 11)]


def test_rows_keep_signs_and_blanks_in_their_places():
    columns = np.array([[-0.5, 0.0, 12.25], [-99999.0, 3.0, -0.125]])
    assert rows(columns, "<r>", " </r>") == (
        "<r>    -0.5000-99999.0000 </r>\n"
        "<r>     0.0000     3.0000 </r>\n"
        "<r>    12.2500    -0.1250 </r>\n"
    )


@given(st.floats(-1e20, 1e20).filter(lambda x: x == 0 or abs(x) > 1e-20), st.integers(3, 12))
def test_exponentials_are_those_of_fortran(value: float, digits: int):
    text = exponential(value, 0, digits)
    assert text.replace("-0.", "-.").lstrip("0") == fortran_e(value, digits).lstrip("0")
    assert float(text) == pytest.approx(value, rel=10.0 ** (1 - digits))


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.float64, st.integers(1, 23), elements=st.floats(-1e9, 1e9)))
def test_grids_have_five_numbers_to_a_line(values: np.ndarray):
    lines = grid_lines(values).decode("ascii").splitlines()
    words = [line[i : i + 18] for line in lines for i in range(0, len(line), 18)]
    assert [len(line) for line in lines[:-1]] == [90] * (len(lines) - 1)
    expected = [0.0 if abs(x) < 1e-98 else x for x in values]
    assert [float(word) for word in words] == pytest.approx(expected, rel=6e-11, abs=1e-300)


def test_what_is_no_number_is_written_as_nan():
    assert fixed([float("nan")], 10, 4) == "       NaN"
    assert exponential(float("nan"), 8, 3) == "     NaN"
