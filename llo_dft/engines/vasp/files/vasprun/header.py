"""What stands in vasprun.xml before the first step: settings, atoms, k-points, structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.standin_mark import is_marked
from llo_dft.engines.vasp.files.vasprun.elements import (
    Value,
    as_float,
    as_int,
    child,
    refuse_near_miss,
    settings,
    vectors,
)

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from llo_dft.engines.vasp.files.vasprun.stream import ByteStream
    from llo_dft.typing import FloatArray

#: Relative difference of the volume written and that of the vectors; they are rounded.
_VOLUME_TOLERANCE: Final = 1e-5

#: The same for the product of vectors and reciprocal vectors, which is 1 or 0.
_RECIPROCAL_TOLERANCE: Final = 1e-5

#: Fractional coordinates beyond this are damaged: VASP folds them into the cell.
_FARTHEST_FRACTION: Final = 2.0

#: Ways of asking for k-points that come with the divisions of a grid.
_GRID_STYLES: Final = frozenset({"gamma", "monkhorst-pack"})

#: Settings that results hang on. One that is missing beside a name that differs in one letter
#: is damaged, not missing.
_DECISIVE: Final = (
    *("NELM", "EDIFF", "NSW", "IBRION", "EDIFFG", "ISMEAR", "ISPIN", "NEDOS", "NELECT", "ENMAX"),
    *("GGA", "LHFCALC", "AEXX", "HFSCREEN", "LDAU", "LUSE_VDW", "LNONCOLLINEAR", "METAGGA"),
    *("LDAUU", "LDAUJ", "LDAUTYPE", "IVDW", "ALGO", "LEPSILON", "ENCUT"),
)

#: Settings that VASP always writes among those that it used, and on which it hangs whether the run
#: converged and what its numbers are. Without them there would be defaults in their place.
_ALWAYS_USED: Final = ("ISPIN", "ISMEAR", "NELM", "EDIFF", "NSW", "NELECT")

#: Settings that VASP uses as they are asked for, and writes twice.
_SAME_IN_BOTH: Final = ("LDAUU", "LDAUJ", "ENMAX", "ISPIN")

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
    """A cell and its atoms.

    Attributes
    ----------
    lattice_angstrom
        Shape (3, 3), one vector a row.
    symbols
        Element of each atom.
    fractional
        Shape (n_atoms, 3).
    """

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
    style
        'Gamma', 'Monkhorst-Pack', 'listgenerated', ... or '' for a list.
    divisions
        Points along each reciprocal vector, if it is a grid.
    points
        Shape (n_kpoints, 3), fractional.
    weights
        Shape (n_kpoints,), sum 1.
    """

    style: str
    divisions: tuple[int, int, int] | None
    points: FloatArray
    weights: FloatArray


@dataclass(frozen=True)
class Header:
    """All of it."""

    version: str
    incar: dict[str, Value]
    parameters: dict[str, Value]
    species: tuple[Species, ...]
    symbols: tuple[str, ...]
    kpoints: KPoints
    initial: Crystal | None
    mock: bool = False  # a stand-in for VASP wrote the file


def read_header(stream: ByteStream, root: ET.Element) -> Header:
    """Read the header from its elements.

    Raises
    ------
    VaspFileError
        If a part is missing or damaged.
    """
    generator = settings(stream, child(stream, root, "generator", "header"), "<generator>")
    incar = settings(stream, child(stream, root, "incar", "header"), "<incar>")
    parameters = settings(stream, child(stream, root, "parameters", "header"), "<parameters>")
    for found, where in ((incar, "<incar>"), (parameters, "<parameters>")):
        for name in _DECISIVE:
            refuse_near_miss(stream, name, found, where)
    for name in _ALWAYS_USED:
        if name not in parameters:
            raise stream.error("corrupt", f"no {name} among them", "<parameters>")
    for name in _SAME_IN_BOTH:
        asked, used = incar.get(name), parameters.get(name)
        if asked is not None and used is not None and _differ(asked, used):
            what = f"{name} is {asked!r} in <incar> and {used!r} in <parameters>"
            raise stream.error("corrupt", what, "header")
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


def _differ(asked: Value, used: Value) -> bool:
    """Tell whether a setting was changed; lists of other lengths say nothing of each other."""
    if isinstance(asked, list) and isinstance(used, list) and len(asked) != len(used):
        return False
    return asked != used


def _rows(stream: ByteStream, atominfo: ET.Element, name: str) -> list[list[str]]:
    where = f"<atominfo>, {name}"
    rows = child(stream, atominfo, f"array[@name='{name}']/set", where)
    if any(row.tag != "rc" for row in rows):
        raise stream.error("corrupt", "rows that are not <rc>", where)
    return [[(cell.text or "").strip() for cell in row] for row in rows]


def _read_atoms(
    stream: ByteStream, atominfo: ET.Element
) -> tuple[tuple[Species, ...], tuple[str, ...]]:
    where = "<atominfo>"
    species = []
    for row in _rows(stream, atominfo, "atomtypes"):
        if len(row) != 5:  # noqa: PLR2004 (count, element, mass, valence, title)
            raise stream.error("corrupt", f"an atom type of {len(row)} fields", where)
        title = " ".join(row[4].split())
        if not (title.isascii() and title.isprintable()):
            raise stream.error("corrupt", f"the pseudopotential {title!r}", where)
        element = _element(stream, row[1], title)
        count = as_int(stream, row[0], where)
        species.append(Species(element, count, as_float(stream, row[3], where), title))
    expected = [(kind.element, n) for n, kind in enumerate(species, 1) for _ in range(kind.n_atoms)]
    atoms = _rows(stream, atominfo, "atoms")
    listed = [
        (row[0], as_int(stream, row[1], where))
        for row in atoms
        if len(row) == 2  # noqa: PLR2004
    ]
    same = len(listed) == len(expected) == len(atoms) and all(
        n == m and (a == b or _element(stream, a, species[m - 1].title) == b)
        for (a, n), (b, m) in zip(listed, expected, strict=True)
    )
    total = as_int(stream, child(stream, atominfo, "atoms", where).text or "", where)
    if not same or total != len(expected):
        what = "the list of atoms and that of their types contradict each other"
        raise stream.error("corrupt", what, where)
    return tuple(species), tuple(element for element, _ in expected)


def _element(stream: ByteStream, written: str, title: str) -> str:
    """Return an element's symbol; the title is right where VASP's two letters are not (X, r)."""
    words = title.split()
    named = _ELEMENT.match(words[1]) if len(words) > 1 else None
    if named is not None and (written in {"X", "r", ""} or written == named[0]):
        return named[0]
    if named is None and _ELEMENT.fullmatch(written):
        return written
    what = f"element {written!r} with the pseudopotential {title!r}"
    raise stream.error("corrupt", what, "<atominfo>")


def _read_kpoints(stream: ByteStream, element: ET.Element) -> KPoints:
    where = "<kpoints>"
    generation = element.find("generation")
    style, divisions = "", None
    if generation is not None:
        style = generation.get("param", "")
        row = generation.find("v[@name='divisions']")
        if row is not None:
            counts = [as_int(stream, token, where) for token in (row.text or "").split()]
            if len(counts) != 3 or min(counts) < 1:  # noqa: PLR2004 (three directions)
                raise stream.error("corrupt", f"divisions {row.text!r}", where)
            divisions = (counts[0], counts[1], counts[2])
    if style.lower() in _GRID_STYLES and divisions is None:
        raise stream.error("corrupt", f"no divisions of the {style} grid", where)
    points = vectors(stream, child(stream, element, "varray[@name='kpointlist']", where), 3, where)
    weights = vectors(stream, child(stream, element, "varray[@name='weights']", where), 1, where)
    if len(points) != len(weights):
        raise stream.error("corrupt", f"{len(points)} points, {len(weights)} weights", where)
    return KPoints(style, divisions, points, weights[:, 0])


def read_crystal(
    stream: ByteStream, element: ET.Element, symbols: tuple[str, ...], where: str
) -> Crystal:
    """Read a <structure>; its volume and reciprocal vectors must be those of its vectors."""
    crystal = child(stream, element, "crystal", where)
    lattice = vectors(stream, child(stream, crystal, "varray[@name='basis']", where), 3, where)
    positions = vectors(
        stream, child(stream, element, "varray[@name='positions']", where), 3, where
    )
    if lattice.shape != (3, 3) or len(positions) != len(symbols):
        what = f"{len(lattice)} vectors and {len(positions)} positions of {len(symbols)} atoms"
        raise stream.error("corrupt", what, where)
    volume = crystal.find("i[@name='volume']")
    reciprocal = crystal.find("varray[@name='rec_basis']")
    computed = abs(float(np.linalg.det(lattice)))
    fits = computed > 0
    if volume is not None:
        written = as_float(stream, volume.text or "", where)
        fits &= abs(written - computed) <= _VOLUME_TOLERANCE * computed + 1e-6
    if reciprocal is not None:
        product = lattice @ vectors(stream, reciprocal, 3, where).T
        longest = max(1.0, float(np.abs(lattice).max()))
        fits &= product.shape == (3, 3)
        fits = fits and bool(np.abs(product - np.eye(3)).max() <= _RECIPROCAL_TOLERANCE * longest)
    if not fits:
        what = "vectors, volume and reciprocal vectors of the cell contradict one another"
        raise stream.error("corrupt", what, where)
    if positions.size and np.abs(positions).max() > _FARTHEST_FRACTION:
        raise stream.error("corrupt", "an atom far outside of the cell", where)
    return Crystal(lattice, symbols, positions)
