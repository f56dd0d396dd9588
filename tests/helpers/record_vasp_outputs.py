"""Records outputs of small runs together with what the readers find in them.

``python tests/helpers/record_vasp_outputs.py`` runs the stand-in for VASP and writes files and
``found.json`` anew below tests/data/vasp_outputs. ``--found`` keeps the files and records only
what the readers find in them today, after a change of the readers that is wanted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core import Lattice, Structure

from llo_dft.engines.vasp.files.grids.read_grids import read_density_difference, read_potential
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, read_vasprun

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data" / "vasp_outputs"
COMMAND = "python tests/helpers/record_vasp_outputs.py --found"

#: The files of a run that are kept.
KEPT = ("vasprun.xml", "OUTCAR", "CONTCAR", "CHGCAR", "LOCPOT")

#: Digits to which an array is described: its sums come from another order on another machine.
_DIGITS = 9


def found_in(folder: Path) -> dict[str, Any]:
    """Return all that the readers find in a folder, arrays described by shape and sums."""
    run = read_vasprun(
        folder / "vasprun.xml.gz",
        eigenvalues=True,
        projection=ProjectionRequest("p"),
    )
    found: dict[str, Any] = {"fingerprint": run.fingerprint.model_dump()}
    found["problems"] = list(run.problems)
    found |= {"vasprun": run, "outcar": read_outcar(folder / "OUTCAR.gz")}
    if (folder / "CHGCAR.gz").exists():
        found["charge"] = read_density_difference(folder / "CHGCAR.gz")
    if (folder / "LOCPOT.gz").exists():
        found["potential"] = read_potential(folder / "LOCPOT.gz")
    return {name: plain(record) for name, record in found.items()}


def plain(value: Any) -> Any:
    """Return plain data: every field of a record, arrays by what decides them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, np.ndarray):
        weights = np.cos(np.arange(value.size)).reshape(value.shape)  # tells their order
        sums = [value.sum(), np.abs(value).max(initial=0.0), (value * weights).sum()]
        return {"shape": list(value.shape), "sums": [round(float(x), _DIGITS) for x in sums]}
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return value.name
    return value


def _record_run(name: str, structure: Structure, settings: dict[str, Any]) -> None:
    """Run the stand-in and keep its outputs, zipped."""
    from vasp_inputs import write_inputs

    from llo_dft.testing.standin import install

    with tempfile.TemporaryDirectory() as home:
        standin = install(Path(home), grid_divisor=6)
        run = write_inputs(
            Path(home) / "run", structure, settings, hubbard="Co" in structure.symbol_set
        )
        standin.run(run)
        shutil.rmtree(DATA / name, ignore_errors=True)
        (DATA / name).mkdir(parents=True)
        for file in KEPT:
            if (run / file).exists():
                packed = gzip.compress((run / file).read_bytes(), mtime=0)
                (DATA / name / f"{file}.gz").write_bytes(packed)


def _runs() -> dict[str, tuple[Structure, dict[str, Any]]]:
    from vasp_inputs import RELAX, STATIC, lithium, with_moments

    places = [[0.02, 0, 0], [0.5, 0.5, 0.5], [0.26, 0.26, 0.26], [0.74, 0.74, 0.74]]
    oxide = Structure(Lattice.rhombohedral(4.96, 33.0), ["Co", "Li", "O", "O"], places)
    oxide = with_moments(oxide.get_sorted_structure())
    metal = {"ISIF": 3, "ISMEAR": 1, "SIGMA": 0.2, "ISPIN": 1, "NEDOS": 101, "EDIFFG": -0.01}
    point = {"NEDOS": 201, "LVHAR": True, "ICORELEVEL": 1, "LVACPOTAV": True}
    return {
        "lithium_relaxation": (lithium(), RELAX | metal),
        "oxide_static": (oxide, STATIC | point),
    }


def main() -> int:
    """Record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--found", action="store_true", help="keep the files")
    arguments = parser.parse_args()
    for name, (structure, settings) in _runs().items():
        if not arguments.found:
            _record_run(name, structure, settings)
        text = json.dumps(found_in(DATA / name), indent=1) + "\n"
        (DATA / name / "found.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
