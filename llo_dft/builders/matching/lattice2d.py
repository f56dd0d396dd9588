"""Two-dimensional lattices: reduced bases, all sublattices, point groups.

A basis is a (2, 2) array whose rows are its vectors, in angstrom; an integer matrix T acts
on rows, so ``T @ basis`` is another set of lattice vectors.
"""

from typing import Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray

BoolArray: TypeAlias = npt.NDArray[np.bool_]
ComplexArray: TypeAlias = npt.NDArray[np.complex128]
Numbers = TypeVar("Numbers", FloatArray, IntArray)

#: Relative difference of squared lengths below which two lengths, or two angles, are equal.
TIE_TOLERANCE: Final = 1e-9

#: Relative difference of metrics below which an operation is a symmetry of a lattice. Tight:
#: Li2MnO3's (001) plane differs from a hexagonal lattice by one part in a thousand.
SYMMETRY_TOLERANCE: Final = 1e-5

#: Sine of the angle below which two vectors span no plane.
COLLINEAR_TOLERANCE: Final = 1e-6


def in_plane_basis(vectors: ArrayLike, name: str = "the surface") -> FloatArray:
    """Return two vectors as a 2D basis, checked.

    Raises ``InputError`` if the shape is wrong, a number is not finite, or the two are collinear.

    Vectors of shape (2, 2), angstrom, are used as they are; (2, 3) are seen from the tip of their
    normal a x b: then the first is put along x, and the second at positive y. The result has the
    shape (2, 2); ``name`` is that of the surface, for the message.
    """
    given = np.asarray(vectors, dtype=np.float64)
    if given.shape not in {(2, 2), (2, 3)} or not np.isfinite(given).all():
        raise InputError(
            f"{name} needs two finite vectors as rows, shape (2, 2) or (2, 3); "
            f"got shape {given.shape}: {given.tolist()}"
        )
    metric = given @ given.T
    squares = metric[0, 0] * metric[1, 1]
    area_squared = squares - metric[0, 1] ** 2
    if area_squared <= COLLINEAR_TOLERANCE**2 * squares:
        raise InputError(f"the two vectors of {name} are collinear: {given.tolist()}")
    if given.shape == (2, 2):
        return given
    length = np.sqrt(metric[0, 0])
    return np.array([[length, 0.0], [metric[0, 1] / length, np.sqrt(area_squared) / length]])


def determinants(matrices: Numbers) -> Numbers:
    """Return the determinants of (..., 2, 2) matrices, exact for integers (no LU)."""
    first, second = matrices[..., 0, :], matrices[..., 1, :]
    return first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]


def reduction(bases: FloatArray) -> IntArray:
    """Return unimodular integers T so that ``T @ bases`` is reduced; both (..., 2, 2), angstrom.

    The method is that of Lagrange and Gauss.

    A reduced basis is right-handed with |a| <= |b| <= |a +- b|; where two are equally short,
    the one with the obtuse angle is chosen (so a hexagonal lattice gets 120 degrees).
    """
    # vectors of the plane, and the integer rows of T, as complex numbers: x + i y
    a, b = (bases[..., row, 0] + 1j * bases[..., row, 1] for row in (0, 1))
    ta, tb = np.full(a.shape, 1.0 + 0.0j), np.full(a.shape, 1.0j)
    while True:
        aa, bb = _square(a), _square(b)
        swap = aa > bb * (1 + TIE_TOLERANCE)
        if swap.any():
            a, b, aa = np.where(swap, b, a), np.where(swap, a, b), np.where(swap, bb, aa)
            ta, tb = np.where(swap, tb, ta), np.where(swap, ta, tb)
        ratio = _dot(a, b) / aa
        times = np.where(np.abs(ratio) > 0.5 + TIE_TOLERANCE, np.round(ratio), 0.0)
        if not times.any():
            break
        b, tb = b - times * a, tb - times * ta
    sign = np.where((a.conj() * b).imag < 0, -1.0, 1.0)
    b, tb = sign * b, sign * tb
    aa, bb, ab = _square(a), _square(b), _dot(a, b)
    acute = ab > TIE_TOLERANCE * aa
    rhombic = acute & (bb - aa < TIE_TOLERANCE * aa)
    centred = acute & ~rhombic & (2 * ab > (1 - TIE_TOLERANCE) * aa)
    ta, tb = (
        np.where(rhombic, tb, ta),
        np.where(rhombic, -ta, np.where(centred, tb - ta, tb)),
    )
    rows = np.stack([ta.real, ta.imag, tb.real, tb.imag], axis=-1)
    return np.round(rows).astype(np.int64).reshape(bases.shape)


def _dot(first: ComplexArray, second: ComplexArray) -> FloatArray:
    return first.real * second.real + first.imag * second.imag


def _square(vectors: ComplexArray) -> FloatArray:
    return _dot(vectors, vectors)


def hermite_normal_forms(index: int) -> IntArray:
    """Return one basis of each sublattice of an index: (sum of divisors, 2, 2) integers.

    ``index`` is the area of the sublattice's cell over that of the lattice, at least 1.

    They are the matrices [[i, j], [0, k]] with i k = index and 0 <= j < k; a lattice has as
    many sublattices of index n as the sum of the divisors of n (Cassels, An introduction to
    the geometry of numbers, section I.2).
    """
    forms = [
        [[i, j], [0, index // i]]
        for i in range(1, index + 1)
        if index % i == 0
        for j in range(index // i)
    ]
    return np.array(forms, dtype=np.int64)


def integer_row_basis(rows: IntArray) -> IntArray:
    """Return a basis (d, d) of the lattice that integer rows (n, d) span."""
    basis: list[IntArray] = []
    for column in range(rows.shape[1]):
        rows = leave_one_in(rows, column)
        basis.append(rows[rows[:, column] != 0][0])
        rows = rows[rows[:, column] == 0]
    return np.array(basis)


def leave_one_in(rows: IntArray, column: int) -> IntArray:
    """Subtract rows from each other (Euclid) until only one is not 0 in a column."""
    rows = rows.copy()
    while len(nonzero := np.flatnonzero(rows[:, column])) > 1:
        pivot = nonzero[np.argmin(np.abs(rows[nonzero, column]))]
        others = nonzero[nonzero != pivot]
        rows[others] -= (rows[others, column] // rows[pivot, column])[:, None] * rows[pivot]
    return rows


def _small_unimodular() -> IntArray:
    """Return all unimodular matrices of entries -1, 0, 1.

    They include every symmetry of a reduced basis, whose images are among its shortest vectors.
    """
    grid = np.array(np.meshgrid(*[[-1, 0, 1]] * 4)).reshape(4, -1).T.reshape(-1, 2, 2)
    result: IntArray = grid[np.abs(determinants(grid)) == 1]
    return result


_SMALL_UNIMODULAR: Final = _small_unimodular()


def lattice_point_group(basis: FloatArray) -> IntArray:
    """Return the point group (the holohedry) of a 2D lattice with a basis (2, 2) in angstrom.

    It is (2, 4, 8 or 12, 2, 2) integers P, for which ``P @ basis`` has the metric of ``basis``. The
    identity comes first.
    """
    reduce = reduction(basis)
    reduced = reduce @ basis
    metric = reduced @ reduced.T
    change = np.abs(_SMALL_UNIMODULAR @ metric @ _SMALL_UNIMODULAR.transpose(0, 2, 1) - metric)
    found = _SMALL_UNIMODULAR[(change < SYMMETRY_TOLERANCE * metric[0, 0]).all(axis=(1, 2))]
    back = np.round(np.linalg.inv(reduce)).astype(np.int64)
    group = back @ found @ reduce
    identity_first = np.argsort((group != np.eye(2)).any(axis=(1, 2)), kind="stable")
    result: IntArray = group[identity_first]
    return result
