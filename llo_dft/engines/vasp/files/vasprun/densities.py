"""The densities of states of vasprun.xml, total and projected on atoms and orbitals."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.vasprun.elements import as_float
from llo_dft.engines.vasp.files.vasprun.header import Header
from llo_dft.engines.vasp.files.vasprun.rows import RowReader
from llo_dft.typing import FloatArray

_FERMI: Final = re.compile(rb'<i name="efermi"\s*>([^<]*)</i>')
_PARTIAL: Final = re.compile(rb"<partial>|</dos>")

_LAST_D: Final = frozenset({"dx2", "x2-y2", "dx2-y2"})

#: Largest difference of equal energies in two sets, eV; some versions print other decimals.
_SAME_ENERGY_EV: Final = 2e-3

#: A total of non-collinear spins is followed by its x, y and z parts.
NON_COLLINEAR: Final = 4


@dataclass(frozen=True)
class ProjectionRequest:
    """Which projected densities to read.

    ``orbital`` is a letter (s, p, d, f: all of that l together) or one column as VASP names
    it (px, dxy, ...), ``element`` None means all sites.
    """

    orbital: str
    element: str | None = None


@dataclass(frozen=True)
class TotalDensity:
    """Total density of states."""

    energies_ev: FloatArray
    """Shape (n_energies,), on VASP's own zero of energy."""
    density: FloatArray
    integrated: FloatArray
    """density, integrated: states per eV, and states below each energy; shape (n_spins,
    n_energies)."""
    fermi_ev: float
    """Fermi level on the same zero, NaN if VASP printed stars."""


@dataclass(frozen=True)
class ProjectedDensity:
    """Densities of states projected on sites.

    ``sites`` are indices of atoms, ``columns`` VASP's names of those that were summed for the
    ``orbital``; ``density`` has states per eV, shape (n_sites, n_spins, n_energies).
    """

    sites: tuple[int, ...]
    orbital: str
    columns: tuple[str, ...]
    density: FloatArray


def read_dos(
    stream: ByteStream, header: Header, sites: Sequence[int] | None, orbital: str
) -> tuple[TotalDensity, ProjectedDensity | None]:
    """Read from just after <dos> to just after </dos>.

    Raises ``VaspFileError`` if it is cut off, damaged, not a number, or lacks what is requested.

    ``header`` is what comes before the steps; ``sites`` and ``orbital`` are the atoms to read
    projections of, None for none, see ``ProjectionRequest``.
    """
    reader = RowReader(stream, "<dos><total>")
    head = reader.enter_array()
    fermi = _FERMI.search(head)
    if fermi is None:
        raise stream.error("corrupt", 'no Fermi level, <i name="efermi">', "<dos>")
    text = "nan" if b"*" in fermi[1] else fermi[1].decode("utf-8", "replace")
    fermi_ev = math.nan if text == "nan" else as_float(stream, text, "<dos>, efermi")
    total = _read_total(reader, fermi_ev, header.parameters.get("NEDOS"))
    if sites is None:
        stream.skip_past(b"</dos>", "<dos>")
        return total, None
    _, found = stream.take_to(_PARTIAL, "<dos>")
    if found[0] == b"</dos>":
        what = "no projected density of states; run VASP with LORBIT = 11"
        raise stream.error("absent", what, "<dos>")
    partial = RowReader(stream, "<dos><partial>", n_rows=len(total.energies_ev))
    partial.enter_array()
    projected = _read_partial(partial, total, len(header.symbols), (sites, orbital))
    stream.skip_past(b"</dos>", "<dos>")
    return total, projected


def _read_total(reader: RowReader, fermi_ev: float, n_rows: object) -> TotalDensity:
    if reader.fields[:3] != ("energy", "total", "integrated"):
        raise reader.corrupt(f"columns {reader.fields} instead of energy, total and integrated")
    spins: list[FloatArray] = []
    while reader.open_set(len(spins) + 1):
        spins.append(reader.read_rows((0, 1, 2)))
        if isinstance(n_rows, int) and reader.n_rows != n_rows:
            raise reader.corrupt(f"{reader.n_rows} rows, but NEDOS is {n_rows}")
    if len(spins) not in {1, 2, NON_COLLINEAR}:
        raise reader.corrupt(f"{len(spins)} spins")
    energies = spins[0][0]
    if (np.diff(energies) < 0).any() or any((one[0] != energies).any() for one in spins):
        raise reader.corrupt("the energies are not ascending, or not the same for each spin")
    n_spins = 1 if len(spins) == NON_COLLINEAR else len(spins)
    table = np.array(spins[:n_spins])
    return TotalDensity(energies, table[:, 1], table[:, 2], fermi_ev)


def columns_of(fields: Sequence[str], orbital: str) -> list[int]:
    """Return the columns that make up an orbital: one by its name, or all of an l.

    The first field is the energy.
    """
    if orbital in fields[1:]:
        return [fields.index(orbital, 1)]
    if orbital not in {"s", "p", "d", "f"}:
        return []
    names = ["d" if name in _LAST_D else name for name in fields[1:]]
    return [index for index, name in enumerate(names, start=1) if name.startswith(orbital)]


def _read_partial(
    reader: RowReader, total: TotalDensity, n_atoms: int, wanted: tuple[Sequence[int], str]
) -> ProjectedDensity:
    sites, orbital = wanted
    columns = columns_of(reader.fields, orbital)
    if not columns:
        what = f"no column for {orbital!r} among {', '.join(reader.fields[1:])}"
        raise reader.stream.error("absent", what, reader.section)
    order = {site: index for index, site in enumerate(sites)}
    n_spins = len(total.density)
    density = np.zeros((len(sites), n_spins, len(total.energies_ev)))
    for atom in range(n_atoms):
        if not reader.open_set(atom + 1):
            raise reader.corrupt(f"it ends after {atom} of {n_atoms} atoms")
        spin = 0
        while reader.open_set(spin + 1):
            if atom in order and spin < n_spins:
                values = reader.read_rows((0, *columns))
                if np.abs(values[0] - total.energies_ev).max(initial=0.0) > _SAME_ENERGY_EV:
                    raise reader.corrupt(f"atom {atom + 1} lacks the energies of the total")
                density[order[atom], spin] = values[1:].sum(axis=0)
            else:
                reader.skip_rows()
            spin += 1
        if spin not in {n_spins, NON_COLLINEAR}:
            raise reader.corrupt(f"{spin} spins of atom {atom + 1}, but {n_spins} of the total")
    if reader.open_set(n_atoms + 1):
        raise reader.corrupt(f"projections of more than {n_atoms} atoms")
    names = tuple(reader.fields[column] for column in columns)
    return ProjectedDensity(tuple(sites), orbital, names, density)
