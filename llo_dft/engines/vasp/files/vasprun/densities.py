"""The densities of states of vasprun.xml, total and projected on atoms and orbitals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.vasprun.density_checks import (
    check_energies,
    check_projection,
    check_total,
    refuse,
)
from llo_dft.engines.vasp.files.vasprun.elements import as_float
from llo_dft.engines.vasp.files.vasprun.sets import SetReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.engines.vasp.files.vasprun.stream import ByteStream
    from llo_dft.typing import FloatArray

_FERMI: Final = re.compile(rb'<i name="efermi"\s*>([^<]*)</i>')
_PARTIAL: Final = re.compile(rb"<partial>|</dos>")
_DOS_END: Final = re.compile(rb"</dos>")

_BY_L: Final = ("s", "p", "d", "f")
_BY_M: Final = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "dx2")
_LAST_D: Final = frozenset({"dx2", "x2-y2", "dx2-y2"})

#: A total of non-collinear spins is followed by its x, y and z parts.
NON_COLLINEAR: Final = 4


@dataclass(frozen=True)
class ProjectionRequest:
    """Which projected densities to read.

    ``orbital`` is a letter (s, p, d, f: all of that l together) or one column as VASP names
    it (px, dxy, ...). ``sites`` None means all sites of ``element``, and both None all sites.
    """

    orbital: str
    element: str | None = None
    sites: tuple[int, ...] | None = None


@dataclass(frozen=True)
class TotalDensity:
    """Total density of states.

    Attributes
    ----------
    energies_ev
        Shape (n_energies,), on VASP's own zero of energy.
    density
        States per eV, shape (n_spins, n_energies).
    integrated
        States below each energy, same shape.
    fermi_ev
        Fermi level on the same zero.
    """

    energies_ev: FloatArray
    density: FloatArray
    integrated: FloatArray
    fermi_ev: float


@dataclass(frozen=True)
class ProjectedDensity:
    """Densities of states projected on sites.

    Attributes
    ----------
    sites
        Indices of the atoms.
    orbital
        What was asked for.
    columns
        VASP's names of the columns that were added up.
    density
        States per eV, shape (n_sites, n_spins, n_energies).
    """

    sites: tuple[int, ...]
    orbital: str
    columns: tuple[str, ...]
    density: FloatArray


@dataclass(frozen=True)
class DosContext:
    """What the rest of the file says that the densities must agree with."""

    n_atoms: int
    n_energies: int | None
    smearing: int


def read_dos(
    stream: ByteStream,
    context: DosContext,
    sites: Sequence[int] | None,
    orbital: str,
) -> tuple[TotalDensity, ProjectedDensity | None]:
    """Read from just after <dos> to just after </dos>.

    Parameters
    ----------
    stream
        Just after <dos>.
    context
        What the densities must agree with.
    sites
        Atoms to read projections of; None for none.
    orbital
        See ``ProjectionRequest``.

    Raises
    ------
    VaspFileError
        If it is cut off, damaged, not a number, or lacks what is asked for.
    FreeLayoutError
        If it is well written but in other columns than VASP's.
    """
    reader = SetReader(stream, "<dos><total>")
    head = reader.enter_array()
    fermi = _fermi(stream, head)
    total, grid = _read_total(reader, context, fermi)
    projected = None
    if sites is not None:
        _, found = stream.take_to(_PARTIAL, "<dos>")
        if found[0] == b"</dos>":
            what = "no projected density of states; run VASP with LORBIT = 11"
            raise stream.error("absent", what, "<dos>")
        partial = SetReader(stream, "<dos><partial>", n_rows=len(grid))
        partial.enter_array()
        projected = _read_partial(partial, context, grid, (sites, orbital))
        check_projection(stream, total.density, projected.density, context.smearing)
        stream.take_to(_DOS_END, "<dos>")
    else:
        stream.skip_past(b"</dos>", "<dos>")
    return total, projected


def _fermi(stream: ByteStream, head: bytes) -> float:
    found = _FERMI.search(head)
    if found is None:
        raise stream.error("corrupt", 'no Fermi level, <i name="efermi">', "<dos>")
    return as_float(stream, found[1].decode("latin-1"), "<dos>, efermi")


def _read_total(
    reader: SetReader, context: DosContext, fermi: float
) -> tuple[TotalDensity, FloatArray]:
    """Return the total density, and its energies as whole numbers."""
    if reader.fields != ("energy", "total", "integrated"):
        refuse(reader, f"columns {reader.fields} instead of energy, total and integrated")
    densities, integrals = [], []
    grid: FloatArray | None = None
    spin = 1
    while reader.open_set("spin", spin):
        start = reader.stream.offset
        energies, total, integrated = reader.rows((0, 1, 2))
        if context.n_energies not in {None, len(energies)}:
            refuse(reader, f"{len(energies)} rows, and NEDOS is {context.n_energies}", start)
        grid = check_energies(reader, energies, grid, start)
        densities.append(total)
        integrals.append(integrated)
        reader.close_set()
        spin += 1
    if grid is None or reader.layout is None or len(densities) not in {1, 2, NON_COLLINEAR}:
        refuse(reader, f"{len(densities)} spins")
        raise AssertionError  # refuse() always raises
    n_spins = 1 if len(densities) == NON_COLLINEAR else len(densities)
    result = TotalDensity(
        grid / reader.layout.scale(0),
        np.array(densities[:n_spins]) / reader.layout.scale(1),
        np.array(integrals[:n_spins]) / reader.layout.scale(2),
        fermi,
    )
    check_total(reader, result.energies_ev, (result.density, result.integrated), context.smearing)
    return result, grid


def _in_order(fields: Sequence[str]) -> bool:
    """Tell whether columns come in the order in which VASP writes them, by l or by l and m."""
    if fields[:1] != ("energy",) or len(set(fields)) != len(fields):
        return False
    names = ["dx2" if name in _LAST_D else name for name in fields[1:]]
    by_m = [*_BY_M, *(name for name in names[len(_BY_M) :] if name.startswith("f"))]
    return names in (list(_BY_L[: len(names)]), by_m[: len(names)])


def columns_of(fields: Sequence[str], orbital: str) -> list[int]:
    """Return the columns that make up an orbital: one by its name, or all of an l."""
    if orbital in fields[1:]:
        return [fields.index(orbital, 1)]
    if orbital == "d":
        names = [name for name in fields[1:] if name[0] == "d" or name in _LAST_D]
    else:
        names = [name for name in fields[1:] if orbital in {"s", "p", "f"} and name[0] == orbital]
    return [fields.index(name, 1) for name in names]


def _read_partial(
    reader: SetReader, context: DosContext, grid: FloatArray, wanted: tuple[Sequence[int], str]
) -> ProjectedDensity:
    sites, orbital = wanted
    columns = columns_of(reader.fields, orbital)
    if not _in_order(reader.fields):
        refuse(reader, f"columns {', '.join(reader.fields)}, not in VASP's order")
    if not columns:
        raise reader.stream.error(
            "absent",
            f"no column for {orbital!r} among {', '.join(reader.fields[1:])}",
            reader.section,
        )
    order = {site: index for index, site in enumerate(sites)}
    density: FloatArray | None = None
    for atom in range(context.n_atoms):
        if not reader.open_set("ion", atom + 1):
            refuse(reader, f"ends after {atom} of {context.n_atoms} atoms")
        spin = 0
        while reader.open_set("spin", spin + 1):
            spin += 1
            if atom not in order or spin > NON_COLLINEAR:
                reader.skip_rows()
            else:
                start = reader.stream.offset
                values = reader.rows((0, *columns))
                check_energies(reader, values[0], grid, start)
                if density is None:
                    density = np.zeros((len(sites), NON_COLLINEAR, len(grid)))
                scale = _common_scale(reader, columns)
                density[order[atom], spin - 1] = values[1:].sum(axis=0) / scale
            reader.close_set()
        if spin not in {1, 2, NON_COLLINEAR}:
            refuse(reader, f"{spin} spins of atom {atom + 1}")
    reader.close_set()
    if density is None:
        density = np.zeros((0, 1, len(grid)))
        spin = 1
    n_spins = 1 if spin == NON_COLLINEAR else spin
    names = tuple(reader.fields[column] for column in columns)
    return ProjectedDensity(tuple(sites), orbital, names, density[:, :n_spins])


def _common_scale(reader: SetReader, columns: Sequence[int]) -> float:
    if reader.layout is None or len({reader.layout.decimals[c] for c in columns}) != 1:
        refuse(reader, "columns with different numbers of decimals")
        raise AssertionError  # refuse() always raises
    return reader.layout.scale(columns[0])
