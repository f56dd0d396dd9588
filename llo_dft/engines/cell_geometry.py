"""What a cell's shape decides of a plane-wave program's input: vacuum, k-points, layers, grids."""

from typing import Final

import numpy as np
from pymatgen.core.structure import Structure
from pymatgen.io.vasp.sets import next_num_with_prime_factors

from llo_dft.chemistry.roles import element_role
from llo_dft.engines.base import EngineError
from llo_dft.typing import CalculationKind, FloatArray

#: Width without atoms, angstrom, from which a direction counts as vacuum. The recipe asks for at
#: least 6; the widest gap within matter here is a delithiated Li layer's, below 4.
VACUUM_ANGSTROM: Final = 5.0

#: Square of the wave number, 1/angstrom^2, of a free electron of 1 eV: 2 m / hbar^2 (CODATA 2018).
WAVE_NUMBER_SQUARED_PER_EV: Final = 0.2624684

#: Atoms within this height of a metal layer make its O-metal-O sheet, angstrom (O lies at 1.0-1.1).
SHEET_HALF_HEIGHT: Final = 1.4

_LAYER_GAP: Final = 1.5
_LARGEST_PRIME: Final = 7


def elements_of(structure: Structure) -> list[str]:
    """Return the elements of a structure, in the order of the alphabet."""
    return sorted({site.specie.symbol for site in structure})


def is_metal(structure: Structure) -> bool:
    """Tell whether there is nothing but metal atoms: Li, the reference of the voltage."""
    return all(site.specie.is_metal for site in structure)


def periodic_directions(structure: Structure, kind: CalculationKind) -> tuple[bool, bool, bool]:
    """Tell for each lattice vector whether the structure is periodic along it.

    A molecule ends in all three. What has vacuum along the third one is a slab, however sparse
    it is in its plane; all else is a crystal.

    Raises ``EngineError`` if the vacuum lies along another vector only.
    """
    if kind == "molecule_relax":
        return False, False, False
    # a gap that separates the cell from its next image
    heights = 2 * np.pi / reciprocal_lengths(structure.lattice.matrix)
    vacuum = [
        bool(_widest_gap(x)[0] * h >= VACUUM_ANGSTROM)
        for x, h in zip(structure.frac_coords.T, heights, strict=True)
    ]
    if vacuum[2]:
        return True, True, False
    if any(vacuum):
        raise EngineError(
            "a slab needs its vacuum along the third lattice vector; this cell of "
            f"{structure.composition.reduced_formula} has it along {'ab'[vacuum.index(True)]}"
        )
    return True, True, True


def k_mesh(
    structure: Structure, spacing: float, periodic: tuple[bool, bool, bool]
) -> tuple[int, int, int]:
    """Return the divisions of a k-mesh whose points are at most ``spacing`` apart.

    ``spacing`` is in 1/angstrom, 2 pi counted. Directions that are not ``periodic`` get one point:
    states of images do not overlap there.
    """
    lengths = reciprocal_lengths(structure.lattice.matrix)
    needed = np.maximum(1, np.ceil(lengths / spacing - 1e-6)).astype(int)
    needed[[not along for along in periodic]] = 1
    return int(needed[0]), int(needed[1]), int(needed[2])


def k_spacing(structure: Structure, mesh: tuple[int, int, int]) -> float:
    """Return the largest distance of neighbouring k-points, 1/angstrom, 2 pi counted."""
    return float((reciprocal_lengths(structure.lattice.matrix) / mesh).max())


def reciprocal_lengths(lattice: FloatArray) -> FloatArray:
    """Return the lengths of the reciprocal vectors, 1/angstrom, 2 pi counted, shape (3,)."""
    lengths: FloatArray = np.linalg.norm(2 * np.pi * np.linalg.inv(lattice).T, axis=1)
    return lengths


def slab_centre(structure: Structure) -> tuple[float, float, float]:
    """Return the centre of a slab for its dipole: the centre of mass along the third vector.

    In the plane only the middle of the cell: a dipole there has no meaning in a periodic slab.
    """
    heights = structure.frac_coords[:, 2]
    _, below = _widest_gap(heights)
    unwrapped = np.mod(heights - below, 1.0)
    masses = [float(site.specie.atomic_mass) for site in structure]
    centre = float(np.average(unwrapped, weights=masses)) + below
    return 0.5, 0.5, round(centre % 1.0, 6)


def fixed_atoms(structure: Structure, n_layers: int) -> list[bool]:
    """Tell for each atom whether it belongs to the innermost metal layers, which are held.

    The slab is parallel to the first two lattice vectors, and all but Li, O and P makes its layers;
    ``n_layers`` O-metal-O sheets are held.

    Raises ``EngineError`` if as many free layers can't be left above as below.
    """
    height = 2 * np.pi / reciprocal_lengths(structure.lattice.matrix)[2]
    heights = structure.frac_coords[:, 2] * height
    is_metal = np.array([element_role(site.specie.symbol) == "framework" for site in structure])
    layers = _clusters(heights[is_metal])
    free = len(layers) - n_layers
    if free < 2 or free % 2:  # noqa: PLR2004 (one above, one below)
        raise EngineError(
            f"engine.overrides.fixed_layers = {n_layers} of the slab's {len(layers)} metal layers; "
            "expected a number that leaves as many free layers above as below (slab.tm_layers less "
            "2, 4, ...)"
        )
    held = layers[free // 2 : free // 2 + n_layers]
    return [
        bool(min(abs(height - layer) for layer in held) < SHEET_HALF_HEIGHT) for height in heights
    ]


def fft_grid(lattice: FloatArray, cutoff_ev: float) -> tuple[int, int, int]:
    """Return the coarse FFT grid (NGX, NGY, NGZ) that VASP takes with PREC = Accurate.

    It holds all products of two plane waves below the cutoff, so that none wraps around: along
    each vector at least ``4 |a| sqrt(2 m E) / (2 pi hbar)``, even, with no prime above 7. The grid
    of the densities (NGXF, ...) is twice as fine.

    ``lattice`` has one vector a row, angstrom, shape (3, 3); ``cutoff_ev`` is ENCUT.
    """
    wave_number = np.sqrt(WAVE_NUMBER_SQUARED_PER_EV * cutoff_ev)
    waves = np.linalg.norm(lattice, axis=1) * wave_number / (2 * np.pi)
    grid = [next_num_with_prime_factors(int(4 * n + 0.5), _LARGEST_PRIME) for n in waves]
    return grid[0], grid[1], grid[2]


def n_plane_waves(volume: float, cutoff_ev: float) -> int:
    """Return about how many plane waves lie below a cutoff: ``V k^3 / (6 pi^2)``.

    ``volume`` is the cell's in cubic angstrom, vacuum and all.
    """
    wave_number = np.sqrt(WAVE_NUMBER_SQUARED_PER_EV * cutoff_ev)
    return round(float(volume * wave_number**3 / (6 * np.pi**2)))


def _widest_gap(fractions: FloatArray) -> tuple[float, float]:
    """Return the widest gap of periodic fractions, and the fraction at which it ends."""
    ordered = np.sort(np.mod(fractions, 1.0))
    gaps = np.diff(ordered, append=ordered[0] + 1.0)
    widest = int(np.argmax(gaps))
    return float(gaps[widest]), float(ordered[(widest + 1) % len(ordered)])


def _clusters(heights: FloatArray) -> list[float]:
    """Return the mean height of each layer, from below."""
    ordered = np.sort(heights)
    if not ordered.size:
        return []
    parts = np.split(ordered, np.flatnonzero(np.diff(ordered) > _LAYER_GAP) + 1)
    return [float(part.mean()) for part in parts]
