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

_POSITIONS: Final = "results/positions"
_POTCAR: Final = ("input/potcar/content", "original/potcar/content")
_SPECS: Final = "input/potcar/spec"
_BANDS: Final = "results/electron_eigenvalues"

_TITLE: Final = re.compile(r"^ *TITEL *= *([^;\n]*)", re.MULTILINE)
_VALENCE: Final = re.compile(r"\bZVAL *= *(\d+\.\d+)")
_CUTOFF: Final = re.compile(r"\bENMAX *= *(\d+\.\d+)")

#: A cell with less volume an atom is damaged, cubic angstrom.
_LEAST_VOLUME_A3: Final = 0.5

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
    names = file.texts(f"{_POSITIONS}/ion_types")
    counts = file.integers(f"{_POSITIONS}/number_ion_types", len(names))
    species, cutoffs = _read_species(file, list(zip(names, counts, strict=True)))
    u = incar.get("LDAUU")
    if incar.get("LDAU") is True and (not isinstance(u, list) or len(u) != len(species)):
        n_there = len(u) if isinstance(u, list) else int(u is not None)
        if n_there != len(species):
            what = f"{n_there} values of U for {len(species)} kinds of atoms, and no text of INCAR"
            raise file.error("absent", what, "input/incar/LDAUU")
    symbols = tuple(kind.element for kind in species for _ in range(kind.n_atoms))
    initial = None
    if file.has("input/poscar/position_ions"):
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


def _read_species(
    file: H5File, counts: Sequence[tuple[str, int]]
) -> tuple[tuple[Species, ...], list[float]]:
    """Return the kinds of atoms, and the default cutoff of each as far as it is known."""
    titles, valences, cutoffs = _read_potcars(file)
    if len(titles) != len(counts):
        what = f"{len(titles)} pseudopotentials for {len(counts)} kinds of atoms"
        raise file.error("corrupt", what, "input/potcar")
    if len(valences) != len(titles):
        valences = [math.nan] * len(titles)
    species = [
        Species(element, count, valence, " ".join(title.split()))
        for (element, count), valence, title in zip(counts, valences, titles, strict=True)
    ]
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


def read_positions(file: H5File, group: str, symbols: tuple[str, ...]) -> Crystal:
    """Read a structure as POSCAR has it: scale, vectors, fractional or Cartesian places."""
    vectors = file.floats(f"{group}/lattice_vectors", (3, 3))
    scale = file.number(f"{group}/scale") if file.has(f"{group}/scale") else 1.0
    places = file.floats(f"{group}/position_ions", (len(symbols), 3))
    volume = abs(float(np.linalg.det(vectors)))
    if not scale or not volume:
        raise file.error("corrupt", "a cell without volume", group)
    if scale < 0:  # the volume
        scale = float((-scale / volume) ** (1 / 3))
    lattice = scale * vectors
    if abs(float(np.linalg.det(lattice))) < _LEAST_VOLUME_A3 * len(symbols):
        raise file.error("corrupt", f"no cell for {len(symbols)} atoms", group)
    direct = f"{group}/direct_coordinates"
    if file.has(direct) and not file.integer(direct):
        places = scale * places @ np.linalg.inv(lattice)
    return Crystal(lattice, symbols, places)


def _read_kpoints(file: H5File, incar: dict[str, Value], initial: Crystal | None) -> KPoints:
    points = file.floats(f"{_BANDS}/kpoint_coords", (None, 3))
    weights = file.floats(f"{_BANDS}/kpoints_symmetry_weight", (len(points),))
    style, divisions = "", None
    if file.has("input/kpoints/mode"):
        style = _STYLES.get(file.text("input/kpoints/mode").strip().lower()[:1], "")
    axes = [f"input/kpoints/nkp{axis}" for axis in "xyz"]
    spacing = incar.get("KSPACING")
    if all(file.has(axis) for axis in axes):
        x, y, z = (file.integer(axis) for axis in axes)
        divisions = (x, y, z) if min(x, y, z) > 0 else None
    elif isinstance(spacing, float) and spacing > 0 and initial is not None:
        style, divisions = "Gamma", _divisions_of_spacing(spacing, initial)
    return KPoints(style, divisions, points, weights)


def _divisions_of_spacing(spacing: float, initial: Crystal) -> tuple[int, int, int]:
    """Return VASP's grid for KSPACING: as many points as make their distance no larger."""
    reciprocal = 2 * np.pi * np.linalg.inv(initial.lattice_angstrom).T
    x, y, z = (max(1, math.ceil(round(n, 8))) for n in np.linalg.norm(reciprocal, axis=1) / spacing)
    return x, y, z
