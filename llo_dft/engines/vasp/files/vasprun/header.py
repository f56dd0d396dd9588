"""The part of vasprun.xml before the first step: settings, atoms, k-points, structure."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import is_marked
from llo_dft.engines.vasp.files.vasprun.elements import Value, XmlPart, as_int
from llo_dft.typing import FloatArray

#: Largest plausible component of a vector or position, angstrom.
_LARGEST: Final = 1e4

#: Relative difference between the written volume and that of the rounded vectors.
_VOLUME_TOLERANCE: Final = 1e-4

#: How ALGO begins for excitations and many-body energies, https://www.vasp.at/wiki/index.php/ALGO.
_MANY_BODY: Final = (
    *("gw", "qpgw", "evgw", "scgw", "g0w0", "chi", "acfdt", "rpa", "crpa", "bse", "tdhf", "timeev"),
    *("2e4w", "mp2", "cc4s"),
)

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
    """A cell, one vector per row, shape (3, 3), and its atoms; positions of shape (n_atoms, 3)."""

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
    """The k-points: how they were requested, and which they are."""

    style: str
    divisions: tuple[int, int, int] | None
    """style, divisions: 'Gamma', 'Monkhorst-Pack', 'listgenerated', ... or '' for a list; points
    along each reciprocal vector, if it is a grid."""
    points: FloatArray
    weights: FloatArray
    """points, weights: shape (n_kpoints, 3), fractional; shape (n_kpoints,), sum 1."""


@dataclass(frozen=True)
class Header:
    """The data before the first step."""

    version: str
    incar: dict[str, Value]
    parameters: dict[str, Value]
    """incar, parameters: settings that were requested, and that were used."""
    species: tuple[Species, ...]
    symbols: tuple[str, ...]
    """species, symbols: kinds of atoms, and the element of each atom."""
    kpoints: KPoints
    initial: Crystal | None
    """The structure at the start (None if the file has none)."""
    mock: bool = False
    """Whether the file is from a mock VASP."""

    @property
    def has_ground_state(self) -> bool:
        """Whether the energies are of DFT or Hartree-Fock, and not a part of those of RPA or GW."""
        algorithm = str(self.incar.get("ALGO", "")).strip().lower()
        return not algorithm.startswith(_MANY_BODY)


def read_header(root: XmlPart) -> Header:
    """Read the header from its elements.

    Raises ``VaspFileError`` if a part is missing or damaged.
    """
    generator, incar, parameters = (
        root.child(name, f"<{name}>").settings() for name in ("generator", "incar", "parameters")
    )
    species, symbols = _read_atoms(root.child("atominfo", "<atominfo>"))
    initial = root.find("structure[@name='initialpos']", "<structure> initialpos")
    return Header(
        version=str(generator.get("version", "")),
        incar=incar,
        parameters=parameters,
        species=species,
        symbols=symbols,
        kpoints=_read_kpoints(root.child("kpoints", "<kpoints>")),
        initial=None if initial is None else read_crystal(initial, symbols),
        mock=is_marked(*generator.values()),
    )


def _rows(atominfo: XmlPart, name: str, n_fields: int) -> list[list[str]]:
    table = atominfo.child(f"array[@name='{name}']/set", f"{atominfo.name}, {name}")
    rows = [[(cell.text or "").strip() for cell in row] for row in table.element]
    if any(len(row) < n_fields for row in rows):
        raise table.corrupt(f"a row of fewer than {n_fields} fields")
    return rows


def _read_atoms(atominfo: XmlPart) -> tuple[tuple[Species, ...], tuple[str, ...]]:
    """Return the kinds of atoms, and the element of each atom."""
    stream, where = atominfo.stream, atominfo.name
    species, expected = [], []
    for number, row in enumerate(_rows(atominfo, "atomtypes", 5), start=1):
        count, written, _, valence, title = row[:5]
        title = " ".join(title.split())
        n_atoms, n_valence = as_int(stream, count, where), atominfo.number(valence)
        species.append(Species(_element(atominfo, written, title), n_atoms, n_valence, title))
        expected += [(written, number)] * n_atoms
    atoms = [(row[0], as_int(stream, row[1], where)) for row in _rows(atominfo, "atoms", 2)]
    if sorted(atoms) != sorted(expected):
        raise atominfo.corrupt("the lists of atoms and of their types contradict each other")
    return tuple(species), tuple(species[number - 1].element for _, number in atoms)


def _element(atominfo: XmlPart, written: str, title: str) -> str:
    """Return an element's symbol, from the title where VASP's two letters are wrong (X, r)."""
    words = title.split()
    named = _ELEMENT.match(words[1]) if len(words) > 1 else None
    if _ELEMENT.fullmatch(written) and written != "X":
        return written
    if named is None:
        raise atominfo.corrupt(f"element {written!r} with the pseudopotential {title!r}")
    return named[0]


def _read_kpoints(part: XmlPart) -> KPoints:
    generation = part.element.find("generation")
    style, divisions = "", None
    if generation is not None:
        style = generation.get("param", "")
        counts = (generation.findtext("v[@name='divisions']") or "").split()
        if len(counts) == 3:  # noqa: PLR2004 (three directions)
            a, b, c = (max(1, as_int(part.stream, token, part.name)) for token in counts)
            divisions = (a, b, c)
    points = part.child("varray[@name='kpointlist']").vectors()
    weights = part.child("varray[@name='weights']").vectors(1)
    if len(points) != len(weights):
        raise part.corrupt(f"{len(points)} points, {len(weights)} weights")
    return KPoints(style, divisions, points, weights[:, 0])


def read_crystal(part: XmlPart, symbols: tuple[str, ...]) -> Crystal:
    """Read a <structure>, whose volume must be that of its vectors."""
    crystal = part.child("crystal")
    lattice = crystal.child("varray[@name='basis']").vectors()
    positions = part.child("varray[@name='positions']").vectors()
    if lattice.shape != (3, 3) or len(positions) != len(symbols):
        raise part.corrupt(
            f"{len(lattice)} vectors and {len(positions)} positions of {len(symbols)} atoms"
        )
    if max(np.abs(lattice).max(), np.abs(positions).max()) > _LARGEST:
        raise part.corrupt(f"a vector or position beyond {_LARGEST:g}")
    computed = abs(float(np.linalg.det(lattice)))
    written = part.number(crystal.element.findtext("i[@name='volume']") or f"{computed:.8f}")
    if not computed or abs(written - computed) > _VOLUME_TOLERANCE * computed:
        raise part.corrupt(
            f"the vectors span {computed:.8f} A^3, but the written volume is {written:.8f}"
        )
    return Crystal(lattice, symbols, positions)
