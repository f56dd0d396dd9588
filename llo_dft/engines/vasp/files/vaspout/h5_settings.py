"""The settings of a run in vaspout.h5, in the terms in which vasprun.xml gives them.

``input/incar`` holds the tags that VASP read, already as numbers or text; logicals are whole
numbers there. It holds no defaults: those that decide something here are filled in. Of an array
some versions keep only the first element, so arrays are read from ``original/incar`` where the
text of INCAR is kept. (Layout: the schema of py4vasp, and files written by VASP 6.4.)
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.engines.vasp.files.vaspout.datasets import H5File
    from llo_dft.engines.vasp.files.vasprun.elements import Value
    from llo_dft.engines.vasp.files.vasprun.header import Species

GROUP: Final = "input/incar"
_TEXT: Final = "original/incar/content"

#: Tags that are logical, among those that are looked at.
_LOGICAL: Final = frozenset(
    {"LDAU", "LHFCALC", "LUSE_VDW", "LNONCOLLINEAR", "LSORBIT", "LEPSILON", "ML_LMLFF", "LVDW"}
    | {"LVHAR", "LVTOT", "LVACPOTAV"}
)

#: Tags with a value for each kind of atom.
_ARRAYS: Final = ("LDAUU", "LDAUJ", "LDAUL")

#: Tags that VASP reads whatever the others are. One that the text of INCAR sets and the parsed
#: settings lack was damaged on the way.
_ALWAYS_READ: Final = (
    *("ISPIN", "ISMEAR", "NSW", "NELM", "EDIFF", "ENCUT", "GGA", "METAGGA", "LDAU", "LHFCALC"),
    *("IVDW", "LUSE_VDW", "ALGO", "IBRION", "EDIFFG", "KSPACING"),
)

_ASSIGNMENT: Final = re.compile(r"(?:^|;)[ \t]*([A-Za-z_0-9]+)[ \t]*=([^\n;#!]*)", re.MULTILINE)
_REPEATED: Final = re.compile(r"(\d+)\*(\S+)")

_PRECISIONS_WITH_DEFAULT_CUTOFF: Final = ("n", "a", "s", "m")


def read_incar(file: H5File) -> dict[str, Value]:
    """Return the tags of INCAR.

    Raises
    ------
    VaspFileError
        If a tag is damaged, or INCAR's text sets one that is not among them.
    """
    found: dict[str, Value] = {}
    for name in file.group_names(GROUP):
        found[name] = _tag(file, name)
    if not file.has(_TEXT):
        return found
    written = {name.upper(): value.strip() for name, value in _ASSIGNMENT.findall(file.text(_TEXT))}
    for name in _ALWAYS_READ:
        if name in written and name not in found:
            what = f"INCAR sets {name}, and the settings that VASP read lack it"
            raise file.error("corrupt", what, f"{GROUP}/{name}")
    for name in _ARRAYS:
        if name in found and name in written:
            found[name] = _numbers(file, name, written[name])
    return found


def _tag(file: H5File, name: str) -> Value:
    path = f"{GROUP}/{name}"
    shape = file.shape(path)
    kind = file.kind(path)
    if kind == "S":
        texts = file.texts(path, shape)
        return texts if shape and shape != (1,) else texts[0].strip()
    if kind == "i":
        whole = file.integers(path, shape)
        if name in _LOGICAL:
            if len(whole) != 1 or whole[0] not in {-1, 0, 1}:
                raise file.error("corrupt", f"{whole}, not a logical", path)
            return bool(whole[0])
        return whole if shape and shape != (1,) else whole[0]
    if kind == "f":
        values = [float(value) for value in file.floats(path, shape).reshape(-1)]
        return values if shape and shape != (1,) else values[0]
    raise file.error("corrupt", "neither number nor text", path)


def _numbers(file: H5File, name: str, text: str) -> list[float]:
    """Return the numbers after a tag of INCAR; '2*3.9' is two of them."""
    values: list[float] = []
    for word in text.split():
        repeated = _REPEATED.fullmatch(word)
        count, token = (int(repeated[1]), repeated[2]) if repeated else (1, word)
        try:
            value = float(token)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or count > 1000:  # noqa: PLR2004 (more kinds than elements)
            raise file.error("corrupt", f"{name} = {text}, which is no list of numbers", _TEXT)
        values += [value] * count
    return values


def used_parameters(
    file: H5File, incar: dict[str, Value], species: Sequence[Species], cutoffs_ev: Sequence[float]
) -> dict[str, Value]:
    """Return the settings that were used, as far as the file says or VASP's defaults decide.

    Parameters
    ----------
    file
        The file.
    incar
        Tags of INCAR.
    species
        Kinds of atoms.
    cutoffs_ev
        ENMAX of each POTCAR, eV; empty if they are not in the file.
    """
    used = dict(incar)
    for name, key, path in (
        ("f", "NELECT", "results/electron_eigenvalues/nelectrons"),
        ("i", "NBANDS", "results/electron_eigenvalues/nb_tot"),
        ("i", "NEDOS", "results/electron_dos/nedos"),
        ("i", "ISPIN", "results/electron_eigenvalues/ispin"),
    ):
        if file.has(path):
            value = file.number(path) if name == "f" else file.integer(path)
            used[key] = value
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
    elif len(cutoffs_ev) == len(species) and precision.startswith(_PRECISIONS_WITH_DEFAULT_CUTOFF):
        used["ENMAX"] = max(cutoffs_ev)
    return used
