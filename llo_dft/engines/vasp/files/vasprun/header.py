"""What stands in vasprun.xml before the first step: settings, atoms, k-points, structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import is_marked
from llo_dft.engines.vasp.files.vasprun.elements import (
    Value,
    as_float,
    as_int,
    child,
    settings,
    vectors,
)

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from llo_dft.engines.vasp.files.byte_stream import ByteStream
    from llo_dft.typing import FloatArray

#: Largest component of a vector, angstrom, or of a place, that any cell has.
_LARGEST: Final = 1e4

#: Relative difference of the volume written and that of the vectors; they are rounded.
_VOLUME_TOLERANCE: Final = 1e-4

_ELEMENT: Final = re.compile(r"[A-Z][a-z]?")


@dataclass(frozen=True)
class Species:
    """One POTCAR: its element, the atoms that have it, its valence electrons and title."""

    element: str
    n_atoms: int
    n_valence: float
    title: str


@dataclass(frozen=True)
class Crystal:
    """A cell, one vector a row, shape (3, 3), and its atoms, at places of shape (n_atoms, 3)."""

    lattice_angstrom: FloatArray
    symbols: tuple[str, ...]
    fractional: FloatArray

    @property
    def formula(self) -> str:
        """Elements in their order in the file, with counts: 'Li4 Mn2 O6'."""
        names = dict.fromkeys(self.symbols)
        return " ".join(f"{name}{self.symbols.count(name)}" for name in names)


@dataclass(frozen=True)
class KPoints:
    """The k-points: how they were asked for, and which there are.

    Attributes
    ----------
    style, divisions
        'Gamma', 'Monkhorst-Pack', 'listgenerated', ... or '' for a list; points along each
        reciprocal vector, if it is a grid.
    points, weights
        Shape (n_kpoints, 3), fractional; shape (n_kpoints,), sum 1.
    """

    style: str
    divisions: tuple[int, int, int] | None
    points: FloatArray
    weights: FloatArray


@dataclass(frozen=True)
class Header:
    """What stands before the first step.

    Attributes
    ----------
    version, mock
        Of VASP; whether a stand-in for it wrote the file.
    incar, parameters
        Settings that were asked for, and that were used.
    species, symbols
        Kinds of atoms, and the element of each atom.
    kpoints, initial
        K-points, and the structure at the start (None if the file has none).
    """

    version: str
    incar: dict[str, Value]
    parameters: dict[str, Value]
    species: tuple[Species, ...]
    symbols: tuple[str, ...]
    kpoints: KPoints
    initial: Crystal | None
    mock: bool = False


def read_header(stream: ByteStream, root: ET.Element) -> Header:
    """Read the header from its elements.

    Raises
    ------
    VaspFileError
        If a part is missing or damaged.
    """
    generator, incar, parameters = (
        settings(stream, child(stream, root, name, "header"), f"<{name}>")
        for name in ("generator", "incar", "parameters")
    )
    species, symbols = _read_atoms(stream, child(stream, root, "atominfo", "header"))
    initial = root.find("structure[@name='initialpos']")
    return Header(
        version=str(generator.get("version", "")),
        incar=incar,
        parameters=parameters,
        species=species,
        symbols=symbols,
        kpoints=_read_kpoints(stream, child(stream, root, "kpoints", "header")),
        initial=None
        if initial is None
        else read_crystal(stream, initial, symbols, "<structure> initialpos"),
        mock=is_marked(*generator.values()),
    )


def _rows(stream: ByteStream, atominfo: ET.Element, name: str, n_fields: int) -> list[list[str]]:
    where = f"<atominfo>, {name}"
    rows = [
        [(cell.text or "").strip() for cell in row]
        for row in child(stream, atominfo, f"array[@name='{name}']/set", where)
    ]
    if any(len(row) < n_fields for row in rows):
        raise stream.error("corrupt", f"a row of fewer than {n_fields} fields", where)
    return rows


def _read_atoms(
    stream: ByteStream, atominfo: ET.Element
) -> tuple[tuple[Species, ...], tuple[str, ...]]:
    """Return the kinds of atoms, and the element of each atom."""
    where = "<atominfo>"
    species, written = [], []
    for row in _rows(stream, atominfo, "atomtypes", 5):  # count, element, mass, valence, title
        title = " ".join(row[4].split())
        count, valence = as_int(stream, row[0], where), as_float(stream, row[3], where)
        written.append(row[1])
        species.append(Species(_element(stream, row[1], title), count, valence, title))
    atoms = [(row[0], as_int(stream, row[1], where)) for row in _rows(stream, atominfo, "atoms", 2)]
    expected = [
        (name, number)
        for number, (name, kind) in enumerate(zip(written, species, strict=True), start=1)
        for _ in range(kind.n_atoms)
    ]
    if sorted(atoms) != sorted(expected):
        what = "the list of atoms and that of their types contradict each other"
        raise stream.error("corrupt", what, where)
    return tuple(species), tuple(species[number - 1].element for _, number in atoms)


def _element(stream: ByteStream, written: str, title: str) -> str:
    """Return an element's symbol; the title is right where VASP's two letters are not (X, r)."""
    words = title.split()
    named = _ELEMENT.match(words[1]) if len(words) > 1 else None
    if _ELEMENT.fullmatch(written) and written != "X":
        return written
    if named is None:
        what = f"element {written!r} with the pseudopotential {title!r}"
        raise stream.error("corrupt", what, "<atominfo>")
    return named[0]


def _read_kpoints(stream: ByteStream, element: ET.Element) -> KPoints:
    where = "<kpoints>"
    generation = element.find("generation")
    style, divisions = "", None
    if generation is not None:
        style = generation.get("param", "")
        counts = (generation.findtext("v[@name='divisions']") or "").split()
        if len(counts) == 3:  # noqa: PLR2004 (three directions)
            a, b, c = (max(1, as_int(stream, token, where)) for token in counts)
            divisions = (a, b, c)
    points = vectors(stream, child(stream, element, "varray[@name='kpointlist']", where), 3, where)
    weights = vectors(stream, child(stream, element, "varray[@name='weights']", where), 1, where)
    if len(points) != len(weights):
        raise stream.error("corrupt", f"{len(points)} points, {len(weights)} weights", where)
    return KPoints(style, divisions, points, weights[:, 0])


def read_crystal(
    stream: ByteStream, element: ET.Element, symbols: tuple[str, ...], where: str
) -> Crystal:
    """Read a <structure>, whose volume must be that of its vectors."""
    crystal = child(stream, element, "crystal", where)
    lattice = vectors(stream, child(stream, crystal, "varray[@name='basis']", where), 3, where)
    positions = vectors(
        stream, child(stream, element, "varray[@name='positions']", where), 3, where
    )
    if lattice.shape != (3, 3) or len(positions) != len(symbols):
        what = f"{len(lattice)} vectors and {len(positions)} positions of {len(symbols)} atoms"
        raise stream.error("corrupt", what, where)
    if max(np.abs(lattice).max(), np.abs(positions).max()) > _LARGEST:
        raise stream.error("corrupt", f"a vector or place beyond {_LARGEST:g}", where)
    computed = abs(float(np.linalg.det(lattice)))
    written = as_float(stream, crystal.findtext("i[@name='volume']") or f"{computed:.8f}", where)
    if not computed or abs(written - computed) > _VOLUME_TOLERANCE * computed:
        what = f"the vectors span {computed:.8f} A^3, and the volume beside them is {written:.8f}"
        raise stream.error("corrupt", what, where)
    return Crystal(lattice, symbols, positions)
