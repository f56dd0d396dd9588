"""What stands in vaspout.h5 beside the steps: atoms, pseudopotentials, k-points, structures."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.vaspout.h5_settings import read_incar, used_parameters
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header, KPoints, Species

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.engines.vasp.files.vaspout.datasets import H5File
    from llo_dft.engines.vasp.files.vasprun.elements import Value
    from llo_dft.typing import FloatArray

_POSITIONS: Final = "results/positions"
_POTCAR: Final = ("input/potcar/content", "original/potcar/content")
_SPECS: Final = "input/potcar/spec"
_BANDS: Final = "results/electron_eigenvalues"

_TITLE: Final = re.compile(r"^ *TITEL *= *([^;\n]*)", re.MULTILINE)
_VALENCE: Final = re.compile(r"\bZVAL *= *(\d+\.\d+)")
_CUTOFF: Final = re.compile(r"\bENMAX *= *(\d+\.\d+)")
_ELEMENT: Final = re.compile(r"[A-Z][a-z]?")

#: Atoms beyond this far from the origin, in cells, are damaged.
_FARTHEST_FRACTION: Final = 2.0

#: A cell with less volume an atom is damaged, cubic angstrom.
_LEAST_VOLUME_A3: Final = 0.5

#: By how much the weights of the k-points may miss 1 together.
_WEIGHTS_TOLERANCE: Final = 1e-6

_STYLES: Final = {"g": "Gamma", "m": "Monkhorst-Pack", "l": "listgenerated", "a": "Automatic"}


def read_header(file: H5File) -> Header:
    """Read settings, atoms, k-points and the initial structure.

    Raises
    ------
    VaspFileError
        If a part is missing or damaged; truncated if VASP did not come to its results.
    """
    version = ".".join(str(file.integer(f"version/{key}")) for key in ("major", "minor", "patch"))
    incar = read_incar(file)
    if not file.has(f"{_POSITIONS}/ion_types"):
        what = "no results in it; VASP was stopped before its end, or is still running"
        raise file.error("truncated", what, _POSITIONS)
    counts = _counts(file, _POSITIONS)
    species, cutoffs = _read_species(file, counts)
    _check_hubbard(file, incar, len(species))
    symbols = tuple(kind.element for kind in species for _ in range(kind.n_atoms))
    initial = None
    if file.has("input/poscar/position_ions"):
        if _counts(file, "input/poscar") != counts:
            raise file.error("corrupt", "other atoms than in the results", "input/poscar")
        initial = read_positions(file, "input/poscar", symbols)
    return Header(
        version=version,
        incar=incar,
        parameters=used_parameters(file, incar, species, cutoffs),
        species=species,
        symbols=symbols,
        kpoints=_read_kpoints(file, incar, initial),
        initial=initial,
    )


def _check_hubbard(file: H5File, incar: dict[str, Value], n_species: int) -> None:
    """Refuse a run with U whose values are not all there: it would pass for another one."""
    u = incar.get("LDAUU")
    if incar.get("LDAU") is True and (not isinstance(u, list) or len(u) != n_species):
        n_there = len(u) if isinstance(u, list) else int(u is not None)
        if n_there != n_species:
            what = f"{n_there} values of U for {n_species} kinds of atoms, and no text of INCAR"
            raise file.error("absent", what, "input/incar/LDAUU")


def _counts(file: H5File, group: str) -> list[tuple[str, int]]:
    """Return the element and number of each kind of atoms."""
    names = [name.strip() for name in file.texts(f"{group}/ion_types", (None,))]
    counts = file.integers(f"{group}/number_ion_types", (len(names),))
    for name, count in zip(names, counts, strict=True):
        if not _ELEMENT.fullmatch(name) or count < 1:
            raise file.error("corrupt", f"{count} atoms of {name!r}", f"{group}/ion_types")
    return list(zip(names, counts, strict=True))


def _read_species(
    file: H5File, counts: Sequence[tuple[str, int]]
) -> tuple[tuple[Species, ...], list[float]]:
    """Return the kinds of atoms, and the default cutoff of each as far as it is known."""
    titles, valences, cutoffs = _read_potcars(file)
    if len(titles) != len(counts):
        what = f"{len(titles)} pseudopotentials for {len(counts)} kinds of atoms"
        raise file.error("corrupt", what, "input/potcar")
    species = []
    for number, (element, count) in enumerate(counts):
        title = " ".join(titles[number].split())
        words = title.split()
        named = _ELEMENT.match(words[1]) if len(words) > 1 else None
        if not (title.isascii() and title.isprintable()) or named is None or named[0] != element:
            what = f"element {element!r} with the pseudopotential {title!r}"
            raise file.error("corrupt", what, "input/potcar")
        valence = valences[number] if len(valences) == len(titles) else math.nan
        species.append(Species(element, count, valence, title))
    return tuple(species), cutoffs if len(cutoffs) == len(titles) else []


def _read_potcars(file: H5File) -> tuple[list[str], list[float], list[float]]:
    """Return title, valence and cutoff of each POTCAR; the latter two empty if not in the file."""
    for path in _POTCAR:
        if file.has(path):
            text = file.text(path)
            return (
                _TITLE.findall(text),
                [float(value) for value in _VALENCE.findall(text)],
                [float(value) for value in _CUTOFF.findall(text)],
            )
    if file.has(_SPECS):
        try:
            return [str(spec["titel"]) for spec in json.loads(file.text(_SPECS))], [], []
        except (ValueError, TypeError, KeyError) as error:
            raise file.error("corrupt", "no titles of pseudopotentials", _SPECS) from error
    what = "no POTCAR in it: nothing says which pseudopotentials were used"
    raise file.error("absent", what, _POTCAR[0])


def _scale(file: H5File, group: str, vectors: FloatArray) -> float:
    """Return the factor of a cell; a negative one is its volume."""
    if not file.has(f"{group}/scale"):
        return 1.0
    scale = file.number(f"{group}/scale")
    volume = abs(float(np.linalg.det(vectors)))
    if not scale or not volume:
        raise file.error("corrupt", "a cell without volume", group)
    return scale if scale > 0 else float((-scale / volume) ** (1 / 3))


def read_positions(file: H5File, group: str, symbols: tuple[str, ...]) -> Crystal:
    """Read a structure as POSCAR has it: scale, vectors, fractional or Cartesian places."""
    vectors = file.floats(f"{group}/lattice_vectors", (3, 3))
    scale = _scale(file, group, vectors)
    places = file.floats(f"{group}/position_ions", (len(symbols), 3))
    direct = not file.has(f"{group}/direct_coordinates") or bool(
        file.integer(f"{group}/direct_coordinates")
    )
    lattice = check_cell(file, group, scale * vectors, len(symbols))
    if not direct:
        places = scale * places @ np.linalg.inv(lattice)
    return check_crystal(file, group, Crystal(lattice, symbols, places))


def check_cell(file: H5File, group: str, lattice: FloatArray, n_atoms: int) -> FloatArray:
    """Refuse a cell without room for its atoms, and return it."""
    volume = abs(float(np.linalg.det(lattice)))
    if volume < _LEAST_VOLUME_A3 * n_atoms:
        raise file.error("corrupt", f"{n_atoms} atoms in {volume:.3g} A^3", group)
    return lattice


def check_crystal(file: H5File, group: str, crystal: Crystal) -> Crystal:
    """Refuse atoms far outside of their cell, and return the structure."""
    if np.abs(crystal.fractional).max(initial=0.0) > _FARTHEST_FRACTION:
        raise file.error("corrupt", "an atom far outside of the cell", group)
    return crystal


def _read_kpoints(file: H5File, incar: dict[str, Value], initial: Crystal | None) -> KPoints:
    points = file.floats(f"{_BANDS}/kpoint_coords", (None, 3))
    weights = file.floats(f"{_BANDS}/kpoints_symmetry_weight", (len(points),))
    if abs(float(weights.sum()) - 1) > _WEIGHTS_TOLERANCE or weights.min(initial=0.0) < 0:
        what = f"the weights of the k-points add up to {weights.sum():g}"
        raise file.error("corrupt", what, f"{_BANDS}/kpoints_symmetry_weight")
    style, divisions = "", None
    spacing = incar.get("KSPACING")
    if file.group_names("input/kpoints"):
        mode = file.text("input/kpoints/mode").strip().lower()[:1]
        style = _STYLES.get(mode, "")
        axes = [f"input/kpoints/nkp{axis}" for axis in "xyz"]
        if all(file.has(axis) for axis in axes):
            x, y, z = (file.integer(axis) for axis in axes)
            divisions = (x, y, z) if min(x, y, z) > 0 else None
    elif isinstance(spacing, float) and spacing > 0 and initial is not None:
        style, divisions = "Gamma", _divisions_of_spacing(spacing, initial)
    if style in {"Gamma", "Monkhorst-Pack"} and divisions is None:
        raise file.error("corrupt", f"no divisions of the {style} grid", "input/kpoints")
    if divisions is not None and math.prod(divisions) < len(points):
        what = f"{len(points)} k-points of a grid {divisions}"
        raise file.error("corrupt", what, "input/kpoints")
    return KPoints(style, divisions, points, weights)


def _divisions_of_spacing(spacing: float, initial: Crystal) -> tuple[int, int, int]:
    """Return VASP's grid for KSPACING: as many points as make their distance no larger."""
    reciprocal = 2 * np.pi * np.linalg.inv(initial.lattice_angstrom).T
    x, y, z = (max(1, math.ceil(round(n, 8))) for n in np.linalg.norm(reciprocal, axis=1) / spacing)
    return x, y, z
