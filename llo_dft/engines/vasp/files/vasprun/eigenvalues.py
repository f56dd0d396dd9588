"""The eigenvalues and occupations of vasprun.xml."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.vasprun.header import Header
from llo_dft.engines.vasp.files.vasprun.rows import RowReader
from llo_dft.typing import FloatArray

#: Electrons per band by which occupations to four decimals may differ from NELECT.
_ELECTRONS_PER_BAND: Final = 1e-3

#: Difference of listed bands and NBANDS that means lost lines; a larger one means another table.
_LOST_LINES: Final = 2


@dataclass(frozen=True)
class Eigenvalues:
    """Band energies and their occupations.

    ``energies_ev``, on VASP's own zero, and ``occupations``, 0 to 1, have the shape (n_spins,
    n_kpoints, n_bands).
    """

    energies_ev: FloatArray
    occupations: FloatArray


def read_eigenvalues(stream: ByteStream, header: Header) -> Eigenvalues | None:
    """Read from just after <eigenvalues> to just after </eigenvalues>.

    None if the table has no occupations: it is something else (velocities, for example).

    Raises ``VaspFileError`` if it is cut off, damaged or not a number.
    """
    reader = RowReader(stream, "<eigenvalues>")
    reader.enter_array()
    if not {"eigene", "occ"} <= set(reader.fields):
        stream.skip_past(b"</eigenvalues>", "<eigenvalues>")
        return None
    n_kpoints, n_bands = len(header.kpoints.points), header.parameters.get("NBANDS")
    columns = (reader.fields.index("eigene"), reader.fields.index("occ"))
    spins: list[list[FloatArray]] = []
    while reader.open_set(len(spins) + 1):
        points: list[FloatArray] = []
        while reader.open_set(len(points) + 1):
            points.append(reader.read_rows(columns))
        if len(points) != n_kpoints:
            raise reader.corrupt(f"{len(points)} k-points instead of {n_kpoints}")
        spins.append(points)
    if len(spins) not in {1, 2}:
        raise reader.corrupt(f"{len(spins)} spins")
    table = np.array(spins)
    if isinstance(n_bands, int) and 0 < abs(table.shape[-1] - n_bands) <= _LOST_LINES:
        raise reader.corrupt(f"{table.shape[-1]} bands, but NBANDS is {n_bands}")
    stream.skip_past(b"</eigenvalues>", "<eigenvalues>")
    return Eigenvalues(table[:, :, 0], table[:, :, 1])


def electrons(found: Eigenvalues, weights: FloatArray, per_state: int) -> FloatArray:
    """Return the electrons of each spin, shape (n_spins,)."""
    sums: FloatArray = (found.occupations.sum(axis=2) * weights).sum(axis=1) * per_state
    return sums


def electrons_agree(found: Eigenvalues, n_found: float, n_expected: float) -> bool:
    """Whether the occupations add up to NELECT, to rounding."""
    tolerance = _ELECTRONS_PER_BAND * found.energies_ev.shape[-1] + 1e-2
    return bool(abs(n_found - n_expected) <= tolerance)
