"""The eigenvalues and occupations of vasprun.xml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.vasprun.density_checks import refuse
from llo_dft.engines.vasp.files.vasprun.sets import SetReader

if TYPE_CHECKING:
    from llo_dft.engines.vasp.files.vasprun.stream import ByteStream
    from llo_dft.typing import FloatArray

#: Occupations outside of this are damaged; Methfessel-Paxton overshoots by less.
_OCCUPATION_LIMITS: Final = (-0.5, 1.5)

#: Difference of the bands listed and NBANDS that is lines lost; a larger one is another meaning.
_LOST_LINES: Final = 2

#: Fall from one band to the next that can't be rounding or a swap of close bands, eV.
_FALL_EV: Final = 2.0

#: Electrons by which occupations to four decimals may miss NELECT, for each band.
_ELECTRONS_PER_BAND: Final = 1e-3


@dataclass(frozen=True)
class Eigenvalues:
    """Band energies and their occupations.

    Attributes
    ----------
    energies_ev
        Shape (n_spins, n_kpoints, n_bands), on VASP's own zero.
    occupations
        Same shape, 0 to 1.
    """

    energies_ev: FloatArray
    occupations: FloatArray


def read_eigenvalues(stream: ByteStream, n_kpoints: int, n_bands: int | None = None) -> Eigenvalues:
    """Read from just after <eigenvalues> to just after </eigenvalues>.

    Raises
    ------
    VaspFileError
        If it is cut off, damaged or not a number.
    FreeLayoutError
        If it is in other columns than VASP's.
    """
    reader = SetReader(stream, "<eigenvalues>")
    reader.enter_array()
    if reader.fields[:2] != ("eigene", "occ"):
        refuse(reader, f"columns {reader.fields} instead of eigene and occ")
    spins: list[list[tuple[FloatArray, FloatArray]]] = []
    while reader.open_set("spin", len(spins) + 1):
        points: list[tuple[FloatArray, FloatArray]] = []
        while reader.open_set("kpoint", len(points) + 1):
            values = reader.rows((0, 1))
            layout = reader.layout
            if layout is None:
                raise AssertionError  # rows() has found it
            points.append((values[0] / layout.scale(0), values[1] / layout.scale(1)))
            reader.close_set()
        spins.append(points)
        if len(points) != n_kpoints:
            refuse(reader, f"{len(points)} k-points instead of {n_kpoints}")
    if len(spins) not in {1, 2}:
        refuse(reader, f"{len(spins)} spins")
    table = np.array(spins)
    found = Eigenvalues(table[:, :, 0], table[:, :, 1])
    fault = fault_in_bands(found, n_bands)
    if fault is not None:
        refuse(reader, fault)
    stream.skip_past(b"</eigenvalues>", "<eigenvalues>")
    return found


def fault_in_bands(found: Eigenvalues, n_bands: int | None) -> str | None:
    """Return what of a table of bands can't be; None if nothing.

    Parameters
    ----------
    found
        The table.
    n_bands
        Bands that the rest of the file announces.
    """
    if n_bands is not None and 0 < abs(found.energies_ev.shape[-1] - n_bands) <= _LOST_LINES:
        return f"{found.energies_ev.shape[-1]} bands, and NBANDS is {n_bands}"
    low, high = _OCCUPATION_LIMITS
    if found.occupations.min() < low or found.occupations.max() > high:
        return "an occupation that is not between 0 and 1"
    falls = np.diff(found.energies_ev, axis=-1) < -_FALL_EV
    if 0 < falls.sum() <= 2 and found.energies_ev.shape[-1] > 2:  # noqa: PLR2004 (one value off)
        spin, point, band = (int(index[0]) + 1 for index in np.nonzero(falls))
        return f"energies that fall, spin {spin}, k-point {point}, band {band}"
    return None


def electrons(found: Eigenvalues, weights: FloatArray, per_state: int) -> FloatArray:
    """Return the electrons of each spin, shape (n_spins,)."""
    sums: FloatArray = (found.occupations.sum(axis=2) * weights).sum(axis=1) * per_state
    return sums


def electrons_agree(found: Eigenvalues, n_found: float, n_expected: float) -> bool:
    """Whether the occupations add up to NELECT, to rounding."""
    tolerance = _ELECTRONS_PER_BAND * found.energies_ev.shape[-1] + 1e-2
    return bool(abs(n_found - n_expected) <= tolerance)
