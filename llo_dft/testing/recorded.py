"""Compares a run with a recorded one, both ways: what is missing and what is too much.

A comparison over the keys of one side alone passes when the other side has more, which is how a
setting gets lost, or slips in, unseen. Here every difference is named with its place.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from monty.io import zopen
from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar

from llo_dft.runs.run_summary import summarize

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The files of a run of VASP, POTCAR.spec in the place of the licensed POTCAR.
INPUT_FILES = ("INCAR", "KPOINTS", "POSCAR", "POTCAR.spec")

#: Relative difference of numbers, and absolute difference of cells and coordinates, that is
#: rounding.
SAME = 1e-9


def assert_as_recorded(written: Path, recorded: Path, command: str) -> None:
    """Fail with every difference of two folders of inputs, and how to record anew."""
    found = input_differences(written, recorded)
    if found:  # not "assert", whose message pytest rewrites where this is installed as a plugin
        raise AssertionError("\n".join([*found, f"if all of this is wanted: {command}"]))


def assert_run_as_recorded(run: Path, recorded: Path, *, record: bool = False) -> None:
    """Fail with every difference of a finished VASP run from what is recorded of it.

    Parameters
    ----------
    run
        Its folder, the files plain or packed as atomate2 leaves them.
    recorded
        A folder with inputs (POTCAR by its symbols alone, since it is licensed) and ``found.json``:
        energy, forces, settings, convergence, final structure.
    record
        Write that folder anew instead of comparing.
    """
    if record:
        shutil.rmtree(recorded, ignore_errors=True)
        _write_record(run, recorded)
        return
    if not recorded.is_dir():
        raise AssertionError(f"nothing is recorded in {recorded} yet: run pytest --record-runs")
    with tempfile.TemporaryDirectory() as home:
        written = Path(home) / "run"
        _write_record(run, written)
        assert_as_recorded(written, recorded, "pytest --record-runs")


def _write_record(run: Path, target: Path) -> None:
    """Write what is recorded of a run into a new folder."""
    target.mkdir(parents=True)
    found = {path.name.removesuffix(".gz"): path for path in sorted(run.iterdir(), reverse=True)}
    for name in ("INCAR", "KPOINTS", "POSCAR"):
        if name in found:
            (target / name).write_text(_text(found[name]), encoding="utf-8")
    if "POTCAR" in found:
        symbols = re.findall(r"TITEL\s*=\s*\S+\s+(\S+)", _text(found["POTCAR"]))
        (target / "POTCAR.spec").write_text("\n".join(symbols) + "\n", encoding="ascii")
    elif "POTCAR.spec" in found:
        (target / "POTCAR.spec").write_text(_text(found["POTCAR.spec"]), encoding="ascii")
    summary = summarize(run).model_dump(mode="json", exclude={"path", "wall_s"})
    if "CONTCAR" in found:
        summary["final"] = _poscar(Poscar.from_str(_text(found["CONTCAR"])))
    text = json.dumps(summary, indent=1, sort_keys=True) + "\n"
    (target / "found.json").write_text(text, encoding="utf-8")


def _text(path: Path) -> str:
    with zopen(path, "rt", encoding="latin-1") as file:
        return str(file.read())


def input_differences(written: Path, recorded: Path) -> list[str]:
    """Return what is different, missing or too much in a folder of inputs.

    Parameters
    ----------
    written
        The folder to be tested. Files other than inputs don't count.
    recorded
        The reference. Everything in it counts.
    """
    ours = {path.name for path in written.iterdir()} & {*INPUT_FILES, "POTCAR", "found.json"}
    theirs = {path.name for path in recorded.iterdir()}
    found = [f"{name}: the file is missing" for name in sorted(theirs - ours)]
    found += [f"{name}: the file is too much" for name in sorted(ours - theirs)]
    for name in sorted(ours & theirs):
        found += [
            f"{name}: {text}" for text in differences(_read(written / name), _read(recorded / name))
        ]
    return found


def differences(written: Any, recorded: Any, place: str = "") -> list[str]:
    """Return what is different, missing or too much in nested plain data."""
    where = f"{place} " if place else ""
    if isinstance(written, dict) and isinstance(recorded, dict):
        return _dict_differences(written, recorded, place)
    if isinstance(written, list) and isinstance(recorded, list) and not _numbers(written, recorded):
        if len(written) != len(recorded):
            return [f"{where}has {len(written)} entries, recorded {len(recorded)}"]
        return [
            text
            for index, pair in enumerate(zip(written, recorded, strict=True))
            for text in differences(*pair, place=f"{place}[{index}]")
        ]
    if not _same(written, recorded):
        return [f"{where}is {written!r}, recorded {recorded!r}"]
    return []


def _dict_differences(
    written: Mapping[str, Any], recorded: Mapping[str, Any], place: str
) -> list[str]:
    dot = f"{place}." if place else ""
    found = [
        f"{dot}{key} is missing, recorded {recorded[key]!r}" for key in recorded - written.keys()
    ]
    found += [f"{dot}{key} is too much, {written[key]!r}" for key in written.keys() - recorded]
    for key in written.keys() & recorded.keys():
        found += differences(written[key], recorded[key], f"{dot}{key}")
    return sorted(found)


def _numbers(*lists: list[Any]) -> bool:
    return all(type(one) in {int, float} for values in lists for one in values)


def _same(written: Any, recorded: Any) -> bool:
    if isinstance(written, list) and isinstance(recorded, list):
        return len(written) == len(recorded) and all(map(_same, written, recorded))
    if isinstance(written, float) and isinstance(recorded, int | float):
        if isinstance(recorded, bool):
            return False
        return math.isclose(written, recorded, rel_tol=SAME, abs_tol=SAME)
    return type(written) is type(recorded) and written == recorded


def _read(path: Path) -> dict[str, Any]:
    """Return an input file as plain data, each part under a name of its own."""
    if path.suffix == ".json":
        return dict(json.loads(path.read_text(encoding="utf-8")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name == "INCAR":
            return {key: _plain(value) for key, value in Incar.from_file(path).items()}
        if path.name == "KPOINTS":
            return _kpoints(Kpoints.from_file(path))
        if path.name == "POSCAR":
            return _poscar(Poscar.from_file(path))
    return {"symbols": path.read_text(encoding="ascii").split()}


def _plain(value: Any) -> Any:
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _kpoints(kpoints: Kpoints) -> dict[str, Any]:
    return {
        "style": str(kpoints.style),
        "divisions": np.array(kpoints.kpts, dtype=float).tolist(),
        "shift": np.array(kpoints.kpts_shift, dtype=float).tolist(),
    }


def _poscar(poscar: Poscar) -> dict[str, Any]:
    structure = poscar.structure
    flags = structure.site_properties.get("selective_dynamics")
    return {
        "elements": list(poscar.site_symbols),
        "counts": [int(n) for n in poscar.natoms],
        "lattice": structure.lattice.matrix.tolist(),
        "fractional": structure.frac_coords.tolist(),
        "movable": None if flags is None else np.array(flags, dtype=bool).tolist(),
    }
