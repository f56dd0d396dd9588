"""Strain of a plane: its principal values, and one number for both."""

import numpy as np
from numpy.typing import ArrayLike

from llo_dft.typing import FloatArray


def principal_strains(start: ArrayLike, end: ArrayLike) -> tuple[float, float]:
    """Return the principal (Biot) strains that take two vectors to two others, larger first.

    They are s - 1 for the principal stretches s, s^2 the eigenvalues of G(start)^-1 G(end) with
    the metric G = V V^T of vectors V. A rotation between the two does not matter.

    ``start`` and ``end`` have the vectors as rows, (2, 3), of one handedness.
    """
    first, last = (np.asarray(vectors, dtype=np.float64) for vectors in (start, end))
    squares = np.linalg.eigvals(np.linalg.solve(first @ first.T, last @ last.T)).real
    larger, smaller = np.sort(np.sqrt(squares) - 1)[::-1]
    return float(larger), float(smaller)


def von_mises_strain(first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Return the von Mises strain of a plane strain state.

    With principal strains e1, e2 in the plane and none along the normal it is
    sqrt(2/3 e' : e') = 2/3 sqrt(e1^2 + e2^2 - e1 e2), e' the deviator in three dimensions
    (so it does not vanish for e1 = e2). It is pymatgen's ``Strain.von_mises_strain`` of
    diag(e1, e2, 0).
    """
    e1, e2 = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return 2 / 3 * np.sqrt(e1**2 + e2**2 - e1 * e2)
