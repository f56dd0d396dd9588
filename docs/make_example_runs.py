"""Make the mock VASP runs that the notebook reads.

    python docs/make_example_runs.py VASP_STUDY COATED_STUDY FOLDER

VASP_STUDY is a study by engine vasp with the stand-in for VASP (llo_dft.testing), whose energies
are CHGNet's and whose electrons are made up: the recipe of tutorial 2 without its coating, with
``[vacancies] per_environment = 1``, ``[electronic] dos = true`` and ``[engine] name = "vasp"``,
k_spacing 1.0, force_tolerance 0.3. COATED_STUDY is that of tutorial 2; the charges of its interface
and of the parts come from the stand-in, which puts electrons onto P-O bonds. ``vasp_std`` must be
the stand-in. Runs are copied under the names that the notebook looks for, with grids of half as
many points in each direction, so that they are small enough to travel with the package.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from pymatgen.core import Structure
from pymatgen.io.vasp.outputs import Chgcar, Locpot, VolumetricData

from llo_dft.calculations.cache import CalculationCache
from llo_dft.engines.registry import engine_from
from llo_dft.recipe import EngineChoice
from llo_dft.study.study_files import read_results

#: Folder that the notebook reads, label of the calculation, and files.
RUNS: Final = {
    "host_x1.00": ("bare_x1.0000", ["vasprun.xml", "OUTCAR"]),
    "host_x0.75": ("bare_x0.7500", ["vasprun.xml", "OUTCAR"]),
    "vacancy_x1.00": ("bare_x1.0000_vac_", ["vasprun.xml", "OUTCAR"]),
    "vacancy_x0.75": ("bare_x0.7500_vac_", ["vasprun.xml", "OUTCAR"]),
    "o2": ("O2", ["vasprun.xml", "OUTCAR"]),
    "li": ("Li", ["vasprun.xml", "OUTCAR"]),
    "slab": ("bare_x1.0000_static", ["vasprun.xml", "OUTCAR", "LOCPOT"]),
}
GRIDS: Final = {"CHGCAR": Chgcar, "LOCPOT": Locpot}


def coarsened(grid: VolumetricData) -> VolumetricData:
    """Average over blocks of 2 x 2 x 2 points, which keeps every integral."""
    for name, values in grid.data.items():
        a, b, c = (n // 2 for n in values.shape)
        grid.data[name] = values.reshape(a, 2, b, 2, c, 2).mean(axis=(1, 3, 5))
    grid.dim = grid.data["total"].shape
    grid.data_aug = {}
    return grid


def interface(study: Path, into: Path) -> None:
    """Let the stand-in compute the charges of a study's first interface and of its parts."""
    settings = {"name": "vasp", "protocol": "fast", "overrides": {"k_spacing": 1.0}}
    maker = engine_from(EngineChoice(**settings)).maker("static")
    labels = {one.label: one for one in read_results(study / "results.json").calculations}
    key = labels["interface_step-Li0-PO3_0"].key
    whole = CalculationCache(study / "calculations").completed(str(key)).structure
    oxide = [site >= 0 for site in whole.site_properties["bare_site"]]
    for name, kept in {
        "AB": [True] * len(whole),
        "A": oxide,
        "B": [not one for one in oxide],
    }.items():
        part = Structure.from_sites([s for s, k in zip(whole, kept, strict=True) if k])
        with tempfile.TemporaryDirectory() as folder:
            maker.calculate(part, Path(folder))
            copy(Path(folder), into / name, ["CHGCAR"])


def copy(run: Path, into: Path, files: list[str]) -> None:
    """Copy files of a run, packed, grids coarsened."""
    into.mkdir(parents=True, exist_ok=True)
    for file in files:
        if file not in GRIDS:
            shutil.copy(run / f"{file}.gz", into)
            continue
        path = into / file
        coarsened(GRIDS[file].from_file(str(run / f"{file}.gz"))).write_file(str(path))
        with gzip.open(f"{path}.gz", "wb", compresslevel=9) as packed:
            packed.write(path.read_bytes())
        path.unlink()


def main(study: Path, coated: Path, into: Path) -> None:
    """Make all runs."""
    calculations = read_results(study / "results.json").calculations
    for name, (label, files) in RUNS.items():
        (key,) = {
            one.key
            for one in calculations
            if one.label == label or (label.endswith("_") and one.label.startswith(label))
        }
        copy(study / "calculations" / str(key), into / name, files)
    interface(coated, into / "interface")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
