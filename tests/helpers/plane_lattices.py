"""Random lattices of the plane, and changes of their basis, for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    from llo_dft.typing import FloatArray, IntArray

lengths = st.floats(2.5, 6.0)


@st.composite
def bases(draw: st.DrawFn) -> FloatArray:
    """Any basis of a lattice with vectors of atomic size, not necessarily reduced."""
    a, b, angle = draw(lengths), draw(lengths), draw(st.floats(50, 130))
    angle = np.radians(angle)
    return np.array([[a, 0.0], [b * np.cos(angle), b * np.sin(angle)]])


@st.composite
def unimodular(draw: st.DrawFn) -> IntArray:
    n, m, flip = draw(st.integers(-3, 3)), draw(st.integers(-3, 3)), draw(st.sampled_from([1, -1]))
    return np.array([[1, n], [0, 1]]) @ np.array([[1, 0], [m, 1]]) @ np.diag([flip, 1])
