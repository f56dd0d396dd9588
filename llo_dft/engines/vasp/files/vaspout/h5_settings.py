"""The settings of a run in vaspout.h5, in the terms in which vasprun.xml gives them.

``input/incar`` holds the tags that VASP read, already as numbers or text; logicals are whole
numbers there. It holds no defaults: those that decide something here are filled in. Of an array
some versions keep only the first element, so arrays are read from ``original/incar`` where the
text of INCAR is kept. (Layout: the schema of py4vasp, and files written by VASP 6.4.)
"""

from __future__ import annotations

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
            try:
                found[name] = _numbers(written[name])
            except ValueError as error:
                what = f"{name} = {written[name]}, which is no list of numbers"
                raise file.error("corrupt", what, _TEXT) from error
    return found


def _tag(file: H5File, name: str) -> Value:
    value = file.value(f"{GROUP}/{name}")
    if name in _LOGICAL:
        if value not in {-1, 0, 1}:
            raise file.error("corrupt", f"{value!r}, not a logical", f"{GROUP}/{name}")
        return bool(value)
    return value.strip() if isinstance(value, str) else value


def _numbers(text: str) -> list[float]:
    """Return the numbers after a tag of INCAR; '2*3.9' is two of them."""
    values: list[float] = []
    for word in text.split():
        count, star, token = word.rpartition("*")
        values += [float(token)] * (int(count) if star else 1)
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
    for key, path in (
        ("NELECT", "results/electron_eigenvalues/nelectrons"),
        ("NBANDS", "results/electron_eigenvalues/nb_tot"),
        ("NEDOS", "results/electron_dos/nedos"),
        ("ISPIN", "results/electron_eigenvalues/ispin"),
    ):
        if file.has(path):
            used[key] = file.value(path)
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
