"""Li above and below an empty Li site of a metal layer: a dumbbell.

Where a Li of a metal layer has left, Li of the Li layer on either side can move to the tetrahedral
site that shares a face with the empty octahedron. By CHGNet and by GPAW many charged hosts are
lower so, by 0.1 to 0.9 eV (``benchmarks/dumbbells.py``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure
from scipy.optimize import linear_sum_assignment

from llo_dft.typing import FloatArray, IntArray

#: Height of the tetrahedral sites over the metal layer, angstrom: 1.33 to 1.53 once relaxed.
HEIGHT_ANGSTROM: Final = 1.45

#: Li sites this near to a tetrahedral site share a face with it, angstrom: some 1.9; the next are
#: at 3.3.
FACE_ANGSTROM: Final = 2.5

#: Tetrahedral sites of two metal layers, on both sides of a Li layer, are 2.5 angstrom apart and
#: may both hold a Li.
APART_ANGSTROM: Final = 2.3

#: Cations of a metal layer up to this far from a site span its plane: the nearest are at 2.8 to
#: 3.1 angstrom, the second at 4.8.
IN_PLANE_ANGSTROM: Final = 3.8


@dataclass(frozen=True)
class TetrahedralSite:
    """A site on one side of a Li site of a metal layer."""

    octahedron: int
    """The Li site of the metal layer whose face it shares."""
    above: FloatArray
    """From there to the tetrahedral site, (3,) angstrom."""
    beside: frozenset[int]
    """The other Li sites that share a face with it."""

    def coords(self, structure: Structure) -> FloatArray:
        """Return where it is in a structure, (3,) angstrom."""
        at: FloatArray = structure[self.octahedron].coords + self.above
        return at


def tetrahedral_sites(
    pristine: Structure, lithium: Collection[int], sheet: Collection[int]
) -> list[TetrahedralSite]:
    """Return the tetrahedral sites on both sides of the Li of the metal layers.

    Those that no other Li site shares a face with are left out. ``pristine`` has all its Li, of
    which ``lithium`` may leave; ``sheet`` are the sites of the metal layers, some Li among them.
    """
    found = []
    for octahedron in sorted(set(lithium) & set(sheet)):
        normal = _layer_normal(pristine, octahedron, sheet)
        if normal is None:
            continue
        for above in (HEIGHT_ANGSTROM * normal, -HEIGHT_ANGSTROM * normal):
            at = pristine[octahedron].coords + above
            near = {one.index for one in pristine.get_sites_in_sphere(at, FACE_ANGSTROM)}
            beside = (near & set(lithium)) - {octahedron}
            if beside:
                found.append(TetrahedralSite(octahedron, above, frozenset(map(int, beside))))
    return found


def with_tetrahedra(pristine: Structure, sites: Sequence[TetrahedralSite]) -> Structure:
    """Return a structure with a Li in every tetrahedral site, after its own atoms."""
    filled = Structure.from_sites(list(pristine.copy(site_properties={})))
    for site in sites:
        filled.append("Li", site.coords(pristine), coords_are_cartesian=True)
    return filled


def too_near(filled: Structure, sites: Sequence[TetrahedralSite]) -> FloatArray:
    """Return (n, n) 1 for pairs of Li sites that can't both hold a Li, 0 for all others.

    They are a tetrahedral site and each Li site that shares a face with it, and two tetrahedral
    sites nearer than ``APART_ANGSTROM``. ``filled`` is what ``with_tetrahedra`` returns.
    """
    n_own = len(filled) - len(sites)
    pairs = np.zeros((len(filled), len(filled)))
    tetrahedra = filled.distance_matrix[n_own:, n_own:]
    pairs[n_own:, n_own:] = (tetrahedra < APART_ANGSTROM) & ~np.eye(len(sites), dtype=bool)
    for i, site in enumerate(sites, start=n_own):
        for other in (site.octahedron, *site.beside):
            pairs[i, other] = pairs[other, i] = 1.0
    return pairs


def turned_over(sites: Sequence[TetrahedralSite], turn_over: IntArray) -> IntArray:
    """Return the tetrahedral site that an operation takes each of them to, by its site map.

    Raises ``ValueError`` if it takes one to none of them.
    """
    known = {(site.octahedron, site.beside): i for i, site in enumerate(sites)}
    images = [
        (int(turn_over[site.octahedron]), frozenset(int(turn_over[i]) for i in site.beside))
        for site in sites
    ]
    lost = [image for image in images if image not in known]
    if lost:
        raise ValueError(f"the operation takes a tetrahedral site to {lost[0]}, which is none")
    return np.array([known[image] for image in images], dtype=np.int64)


def movers(
    pristine: Structure,
    sites: Sequence[TetrahedralSite],
    filled: Sequence[int],
    empty: Sequence[int],
) -> dict[int, int]:
    """Return which tetrahedral site each Li that moves goes to, so that they move least.

    ``filled`` says which of a structure's tetrahedral ``sites`` hold a Li; ``empty`` are the Li
    sites that hold none, at least as many.
    """
    if not filled:
        return {}
    lattice = pristine.lattice
    at = lattice.get_fractional_coords([sites[i].coords(pristine) for i in filled])
    far = lattice.get_all_distances(at, pristine.frac_coords[list(empty)])
    aside = [[li not in sites[i].beside for li in empty] for i in filled]
    far += 10 * FACE_ANGSTROM * np.array(aside, dtype=np.float64)
    rows, columns = linear_sum_assignment(far.round(3))
    return {empty[int(j)]: filled[int(i)] for i, j in zip(rows, columns, strict=True)}


def _layer_normal(structure: Structure, site: int, sheet: Collection[int]) -> FloatArray | None:
    """Return the unit normal of a metal layer at a site; None if too few neighbours span it."""
    near = structure.get_neighbors(structure[site], IN_PLANE_ANGSTROM)
    between = [one.coords - structure[site].coords for one in near if one.index in sheet]
    if np.linalg.matrix_rank(np.reshape(between, (-1, 3)), tol=1.0) < 2:  # noqa: PLR2004
        return None
    normal: FloatArray = np.linalg.svd(between)[2][2]
    return normal
