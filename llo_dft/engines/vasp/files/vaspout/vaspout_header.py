"""Settings, atoms, k-points and structures of vaspout.h5, in the terms of vasprun.xml.

``input/incar`` has the tags that VASP read, already as numbers or text; logicals are integers
there. It has no defaults: those that matter here are filled in. Some versions keep only the first
element of an array, so arrays are read from ``original/incar``, the text of INCAR. (Layout: the
schema of py4vasp, and files written by VASP 6.4.)
"""

import json
import math
import re
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.vaspout.h5_file import H5File
from llo_dft.engines.vasp.files.vasprun.elements import Value
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header, KPoints, Species

_INCAR: Final = "input/incar"
_TEXT: Final = "original/incar/content"
_POSITIONS: Final = "results/positions"
_POTCAR: Final = ("input/potcar/content", "original/potcar/content")
_SPECS: Final = "input/potcar/spec"
_BANDS: Final = "results/electron_eigenvalues"

#: Tags that are logical, among those used here.
_LOGICAL: Final = frozenset(
    {"LDAU", "LHFCALC", "LUSE_VDW", "LNONCOLLINEAR", "LSORBIT", "LEPSILON", "ML_LMLFF", "LVDW"}
    | {"LVHAR", "LVTOT", "LVACPOTAV"}
)

#: Tags with a value for each kind of atom.
_ARRAYS: Final = ("LDAUU", "LDAUJ", "LDAUL")

#: Tags that VASP always reads. If the text of INCAR sets one and the parsed settings lack it, the
#: file is damaged.
_ALWAYS_READ: Final = (
    *("ISPIN", "ISMEAR", "NSW", "NELM", "EDIFF", "ENCUT", "GGA", "METAGGA", "LDAU", "LHFCALC"),
    *("IVDW", "LUSE_VDW", "ALGO", "IBRION", "EDIFFG", "KSPACING"),
)

#: Settings used in addition to INCAR's tags.
_USED: Final = {
    "NELECT": f"{_BANDS}/nelectrons",
    "NBANDS": f"{_BANDS}/nb_tot",
    "NEDOS": "results/electron_dos/nedos",
    "ISPIN": f"{_BANDS}/ispin",
}

_ASSIGNMENT: Final = re.compile(r"(?:^|;)[ \t]*([A-Za-z_0-9]+)[ \t]*=([^\n;#!]*)", re.MULTILINE)
_TITLE: Final = re.compile(r"^ *TITEL *= *([^;\n]*)", re.MULTILINE)
_VALENCE: Final = re.compile(r"\bZVAL *= *(\d+\.\d+)")
_CUTOFF: Final = re.compile(r"\bENMAX *= *(\d+\.\d+)")

_PRECISIONS_WITH_DEFAULT_CUTOFF: Final = ("n", "a", "s", "m")

#: Least volume per atom of an undamaged cell, cubic angstrom.
_LEAST_VOLUME_A3: Final = 0.5

_STYLES: Final = {"g": "Gamma", "m": "Monkhorst-Pack", "l": "listgenerated", "a": "Automatic"}


def read_header(file: H5File) -> Header:
    """Read settings, atoms, k-points and the initial structure.

    Raises ``VaspFileError`` if a part is missing or damaged; truncated if VASP did not reach its
    results.
    """
    version = (str(file.integers(f"version/{key}")[0]) for key in ("major", "minor", "patch"))
    incar = _read_incar(file)
    if file.find(f"{_POSITIONS}/ion_types") is None:
        what = "no results in it; VASP was stopped before its end, or is still running"
        raise file.error("truncated", what, _POSITIONS)
    names = file.texts(f"{_POSITIONS}/ion_types")
    counts = file.integers(f"{_POSITIONS}/number_ion_types", len(names))
    titles, valences, cutoffs = _read_potcars(file)
    if len(titles) != len(names):
        what = f"{len(titles)} pseudopotentials for {len(names)} kinds of atoms"
        raise file.error("corrupt", what, "input/potcar")
    if len(valences) != len(titles):
        valences = [math.nan] * len(titles)
    species = tuple(
        Species(name, count, valence, " ".join(title.split()))
        for name, count, valence, title in zip(names, counts, valences, titles, strict=True)
    )
    u = incar.get("LDAUU", [])
    n_u = len(u) if isinstance(u, list) else 1
    if incar.get("LDAU") is True and n_u != len(species):
        what = f"{n_u} values of U for {len(species)} kinds of atoms, and no text of INCAR"
        raise file.error("absent", what, f"{_INCAR}/LDAUU")
    symbols = tuple(kind.element for kind in species for _ in range(kind.n_atoms))
    has_initial = file.find("input/poscar/position_ions") is not None
    initial = read_positions(file, "input/poscar", symbols) if has_initial else None
    return Header(
        version=".".join(version),
        incar=incar,
        parameters=_used(file, incar, cutoffs if len(cutoffs) == len(species) else []),
        species=species,
        symbols=symbols,
        kpoints=_read_kpoints(file, incar, initial),
        initial=initial,
    )


def read_positions(file: H5File, group: str, symbols: tuple[str, ...]) -> Crystal:
    """Read a structure as in POSCAR: scale, vectors, fractional or Cartesian positions."""
    vectors = file.floats(f"{group}/lattice_vectors", (3, 3))
    scale = file.number(f"{group}/scale", 1.0)
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
    if file.find(direct) is not None and not file.integers(direct)[0]:
        places = scale * places @ np.linalg.inv(lattice)
    return Crystal(lattice, symbols, places)


def _read_incar(file: H5File) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name in file.names(_INCAR):
        value = file.value(f"{_INCAR}/{name}")
        if name in _LOGICAL:
            if value not in {-1, 0, 1}:
                raise file.error("corrupt", f"{value!r}, not a logical", f"{_INCAR}/{name}")
            value = bool(value)
        found[name] = value.strip() if isinstance(value, str) else value
    if file.find(_TEXT) is None:
        return found
    text = str(file.value(_TEXT))
    written = {name.upper(): value.strip() for name, value in _ASSIGNMENT.findall(text)}
    for name in _ALWAYS_READ:
        if name in written and name not in found:
            what = f"INCAR sets {name}, but the settings that VASP read lack it"
            raise file.error("corrupt", what, f"{_INCAR}/{name}")
    for name in _ARRAYS:
        if name in found and name in written:
            try:
                found[name] = _numbers(written[name])
            except ValueError as error:
                what = f"{name} = {written[name]}, which is not a list of numbers"
                raise file.error("corrupt", what, _TEXT) from error
    return found


def _numbers(text: str) -> list[float]:
    """Return the numbers after a tag of INCAR; '2*3.9' is two of them."""
    values: list[float] = []
    for word in text.split():
        count, star, token = word.rpartition("*")
        values += [float(token)] * (int(count) if star else 1)
    return values


def _used(file: H5File, incar: dict[str, Value], cutoffs_ev: list[float]) -> dict[str, Value]:
    """Return the settings that were used, from the file or VASP's defaults."""
    used = dict(incar)
    used |= {key: file.value(path) for key, path in _USED.items() if file.find(path) is not None}
    used.setdefault("ISPIN", 1)
    used.setdefault("LDAU", False)
    if used.get("LHFCALC") is True:
        used.setdefault("AEXX", 0.25)
        used.setdefault("HFSCREEN", 0.0)
    limit = used.get("EDIFF", 1e-4)
    used.setdefault("EDIFFG", 10 * limit if isinstance(limit, float) else 1e-3)
    cutoff = used.get("ENCUT")
    precision = str(used.get("PREC", "Normal")).strip().lower()
    if isinstance(cutoff, int | float):
        used["ENMAX"] = float(cutoff)
    elif cutoffs_ev and precision.startswith(_PRECISIONS_WITH_DEFAULT_CUTOFF):
        used["ENMAX"] = max(cutoffs_ev)
    return used


def _read_potcars(file: H5File) -> tuple[list[str], list[float], list[float]]:
    """Return title, valence and cutoff of each POTCAR; the last two empty if not in the file."""
    for path in _POTCAR:
        if file.find(path) is not None:
            text = str(file.value(path))
            valences, cutoffs = (
                [float(value) for value in pattern.findall(text)] for pattern in (_VALENCE, _CUTOFF)
            )
            return _TITLE.findall(text), valences, cutoffs
    if file.find(_SPECS) is not None:
        try:
            specs = json.loads(str(file.value(_SPECS)))
            return [str(spec["titel"]) for spec in specs], [], []
        except (ValueError, TypeError, KeyError) as error:
            raise file.error("corrupt", "no titles of pseudopotentials", _SPECS) from error
    what = "no POTCAR in it: nothing says which pseudopotentials were used"
    raise file.error("absent", what, _POTCAR[0])


def _read_kpoints(file: H5File, incar: dict[str, Value], initial: Crystal | None) -> KPoints:
    points = file.floats(f"{_BANDS}/kpoint_coords", (None, 3))
    weights = file.floats(f"{_BANDS}/kpoints_symmetry_weight", (len(points),))
    style, divisions, spacing = "", None, incar.get("KSPACING")
    if file.find("input/kpoints/mode") is not None:
        style = _STYLES.get(file.texts("input/kpoints/mode")[0].lower()[:1], "")
    axes = [f"input/kpoints/nkp{axis}" for axis in "xyz"]
    if all(file.find(axis) is not None for axis in axes):
        x, y, z = (file.integers(axis)[0] for axis in axes)
        divisions = (x, y, z) if min(x, y, z) > 0 else None
    elif isinstance(spacing, float) and spacing > 0 and initial is not None:
        # VASP's grid: the fewest points whose spacing is no larger
        lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(initial.lattice_angstrom), axis=0)
        x, y, z = (max(1, math.ceil(round(n, 8))) for n in lengths / spacing)
        style, divisions = "Gamma", (x, y, z)
    return KPoints(style, divisions, points, weights)
