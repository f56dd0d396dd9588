"""What relaxing by GPAW changes in E_f of one O, bare and coated, after single points there.

    python benchmarks/relaxed_pair.py STUDY PAIR [--holes 0] [--fmax 0.1] [--into FOLDER]

STUDY is a finished folder of a recipe like ``electronic_structure``, whose geometries are a
potential's; PAIR is the name of a vacancy there, such as step-Li0-PO3-OP2. Its bare and coated
hosts and both vacancies are relaxed on by GPAW with the study's own settings, from the moments that
its points ended with, until no force is above --fmax (eV/angstrom). A slab of 50 to 60 atoms takes
half an hour to an hour of one core; what completed is kept in FOLDER, and taken from there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from llo_dft.engines.registry import engine_from
from llo_dft.jobs.calculate import calculate
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations
from llo_dft.study.study_files import read_results

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.engines.base import CalculationMaker


def relaxed(
    point: CalculationDocument, maker: CalculationMaker, label: str, folder: Path
) -> CalculationDocument:
    """Relax on from a single point, with its moments."""
    if point.structure is None:
        raise SystemExit(f"{point.label}: {point.reason}")
    moments = {"magmom": point.magmoms_mu_b}
    start = point.structure.copy(site_properties=point.structure.site_properties | moments)
    found = calculate.original(start, maker, f"{label}_relaxed", str(folder))
    if found.energy_ev is None:
        raise SystemExit(f"{label}: {found.reason}")
    return found


def main() -> None:
    """Relax and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("pair")
    parser.add_argument("--holes", type=int, default=0, help="of the hosts, per cell")
    parser.add_argument("--fmax", type=float, default=0.1, help="eV/angstrom")
    parser.add_argument("--into", type=Path, default=Path("relaxed-pair"))
    asked = parser.parse_args()
    folder = StudyFolder(asked.study)
    made, result = stored_calculations(folder), read_results(asked.study / "results.json")
    if result.oxygen is None:
        raise SystemExit(f"{asked.study} has no O2: {result.oxygen_reason}")
    engine = folder.recipe().engine
    changes = {"pre_relax": None, "overrides": engine.overrides | {"force_tolerance": asked.fmax}}
    maker = engine_from(engine.model_copy(update=changes)).maker("slab_relax")
    hosts = [one for one in made.plan.hosts if one.n_holes == asked.holes]
    pairs = sorted({vacancy.pair for host in hosts for vacancy in host.vacancies})
    if asked.pair not in pairs:
        raise SystemExit(f"no pair {asked.pair} at {asked.holes} holes; there are {pairs}")
    print("E_f, eV        points  relaxed   host fell  vacancy fell (eV)")
    for planned in hosts:
        vacancy = next((v for v in planned.vacancies if v.pair == asked.pair), None)
        if vacancy is None:
            continue
        points = [made.host(planned), made.vacancy(planned, vacancy)]
        labels = [planned.label, planned.vacancy_label(vacancy)]
        ends = [
            relaxed(point, maker, label, asked.into.resolve())
            for point, label in zip(points, labels, strict=True)
        ]
        before, after = (
            float(of[1].energy_ev) - float(of[0].energy_ev) + result.oxygen.mu_ev
            for of in (points, ends)
        )
        fell = [float(p.energy_ev) - float(e.energy_ev) for p, e in zip(points, ends, strict=True)]
        print(
            f"{planned.system:12}{before:9.3f}{after:9.3f}{fell[0]:12.3f}{fell[1]:14.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
