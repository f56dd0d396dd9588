"""What GPAW's cutoff, k-points and vacuum change in E_f and in the O 2p centre of a small slab.

    python benchmarks/convergence.py [--into FOLDER] [--only cutoff_ev k_spacing vacuum]

Each row is a study of its own of the same one-layer slab of Li2MnO3 (24 atoms) and one vacancy:
CHGNet relaxes, GPAW computes one point there, and O2. The first row is protocol ``fast``; each
other one changes one setting of it. A study takes 3 to 20 CPU-minutes, and is kept in FOLDER, so
that a run that was stopped goes on. Differences from the first row say what a protocol is good for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from subprocess import run
from typing import TYPE_CHECKING

from llo_dft.study.study_files import read_results

if TYPE_CHECKING:
    from llo_dft.documents.study_result import StudyResult

RECIPE = """
[study]
name = "convergence"
[cathode]
composition = "Li2MnO3"
supercell = [1, 1]
[slab]
tm_layers = 1
vacuum = {vacuum}
[delithiation]
fractions = [1.0]
voltage = "slab"
[vacancies]
environments = ["2TM+1Li"]
layers = ["surface"]
per_environment = 1
[oxygen]
scheme = "none"
[electronic]
dos = true
[engine]
name = "gpaw"
protocol = "fast"
[engine.overrides]
cutoff_ev = {cutoff_ev}
cell_cutoff_ev = 900
k_spacing = {k_spacing}
[engine.pre_relax]
name = "chgnet"
"""

#: Protocol ``fast``: eV; 1/angstrom with 2 pi; angstrom. k_spacing 1.3 is Gamma alone on this slab,
#: 0.8 is 2 x 1 points, 0.4 is 4 x 2.
FAST = {"cutoff_ev": 400.0, "k_spacing": 1.3, "vacuum": 10.0}
OTHERS = {"cutoff_ev": [550.0, 700.0], "k_spacing": [0.8, 0.4], "vacuum": [15.0]}


def computed(settings: dict[str, float], folder: Path) -> StudyResult:
    """Run one study, or take it from its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe = folder / "convergence.toml"
    recipe.write_text(RECIPE.format(**settings), encoding="utf-8")
    llo_dft = Path(sys.executable).with_name("llo-dft")
    run([llo_dft, "run", recipe, "-o", folder / "study", "--workers", "1"], check=True)
    return read_results(folder / "study" / "results.json")


def numbers(result: StudyResult) -> tuple[float, float]:
    """Return E_f, and the O 2p centre of the host from the valence band's maximum, both in eV."""
    (host,) = result.hosts
    (vacancy,) = host.vacancies
    (found,) = result.band_centers
    if vacancy.formation_energy_ev is None or found.centers is None:
        raise SystemExit(f"E_f: {vacancy.reason}; O 2p centre: {found.reason}")
    window = found.centers.total.both.valence
    if window.center_ev is None:
        raise SystemExit("the valence band has no O 2p states")
    return vacancy.formation_energy_ev, window.center_ev


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--into", type=Path, help="folder of the studies")
    parser.add_argument("--only", nargs="*", choices=list(OTHERS), default=list(OTHERS))
    asked = parser.parse_args()
    into = asked.into or Path(tempfile.mkdtemp())
    rows = [FAST, *(FAST | {name: value} for name in asked.only for value in OTHERS[name])]
    first = None
    print("cutoff (eV)  k (1/A)  vacuum (A)  E_f (eV)  O 2p - VBM (eV)")
    for row in rows:
        name = "-".join(f"{value:g}" for value in row.values())
        found = numbers(computed(row, into / name))
        first = first or found
        change = "".join(f"{now - then:+9.3f}" for now, then in zip(found, first, strict=True))
        settings = f"{row['cutoff_ev']:11g}{row['k_spacing']:9g}{row['vacuum']:12g}"
        print(f"{settings}{found[0]:10.3f}{found[1]:17.3f}   from fast: {change}", flush=True)


if __name__ == "__main__":
    main()
