"""The answer of one study under several protocols, side by side, to see whether it is converged.

    python benchmarks/protocols.py FOLDER FOLDER ...
    python benchmarks/protocols.py --recipe quickstart [--engine sevenn] [--into FOLDER]

Takes finished studies of one plan, or runs a recipe under ``balanced`` and ``stringent`` first.
Prints for each host how far its energy lies from the last study's, and the lowest E_f at each
state of charge with the O it belongs to; what the rattles gained; and what each says of the
crossing. Exit status 1 if a lowest E_f differs by more than 0.05 eV from the last study's, or if
one says that E_f crosses zero and another that it does not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from llo_dft.calculations.cache import CalculationCache
from llo_dft.cli.output.phrases import turning_text
from llo_dft.documents.labels import system_name
from llo_dft.study.study_files import read_results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llo_dft.documents.study_result import HostResult, StudyResult

#: What a lowest E_f may change by from one protocol to the next, eV per O.
TOLERANCE_EV = 0.05

#: Protocols whose results state crossings.
PROTOCOLS = ("balanced", "stringent")


def run(recipe: str, engine: str | None, into: Path) -> list[Path]:
    """Run a recipe under each protocol, one after another; return the folders."""
    folders = []
    for protocol in PROTOCOLS:
        folder = into / protocol
        command = [Path(sys.executable).with_name("llo-dft"), "run", recipe, "-o", folder]
        other = ["--engine", engine] if engine else []
        subprocess.run([*command, "--protocol", protocol, *other], check=True)
        folders.append(folder)
    return folders


def lowest(host: HostResult) -> tuple[float, str] | None:
    """Return the lowest E_f of a host, eV, and its O; one that rebuilt the lattice has a star."""
    found = [
        (one.rebuilt, one.formation_energy_ev, one.pair)
        for one in host.vacancies
        if one.formation_energy_ev is not None
    ]
    if not found:
        return None
    rebuilt, energy, pair = min(found)
    return energy, pair + "*" * rebuilt


def print_hosts(studies: Mapping[str, StudyResult]) -> float:
    """Print energies and lowest E_f of each host; return the largest difference of E_f, eV."""
    *_, last = studies.values()
    largest = 0.0
    print(f"{'host':34}{'holes/TM':>9}", *(f"{name:>34}" for name in studies))
    print(f"{'':43}", *(f"{'E - last (eV)':>14}{'E_f (eV)':>10}{'- last':>8} " for _ in studies))
    for hosts in zip(*(study.hosts for study in studies.values()), strict=True):
        final = hosts[-1]
        charge = "?" if final.holes_per_tm is None else f"{final.holes_per_tm:.2f}"
        name = f"{system_name(final.system, final.termination)}, x = {final.fraction:.3f}"
        cells = []
        for host in hosts:
            mine, theirs = lowest(host), lowest(final)
            if mine is None or theirs is None or host.energy_ev is None or final.energy_ev is None:
                cells.append(f"{host.status:>34}")
                continue
            difference = mine[0] - theirs[0]
            largest = max(largest, abs(difference))
            above = host.energy_ev - final.energy_ev
            cells.append(f"{above:14.3f}{mine[0]:9.3f} {mine[1]:6}{difference:+.3f}")
        print(f"{name:34}{charge:>9}", *(f"{cell:>34}" for cell in cells))
    print(f"E_f of the lowest O, {last.protocol} last; * its lattice rebuilt itself")
    return largest


def print_costs(folder: Path, result: StudyResult) -> None:
    """Print evaluations, and what displacing and relaxing again found, of one study."""
    cache = CalculationCache(folder / "calculations")
    made = [cache.completed(record.key) for record in result.calculations if record.key]
    found = [one for one in made if one is not None]
    gains = {one.label: one.rattle_gain_ev for one in found if one.rattle_gain_ev is not None}
    evaluations = sum(one.n_evaluations or 0 for one in found)
    print(f"{result.protocol}: {len(found)} calculations, {evaluations} evaluations", end="")
    if not gains:
        print("; nothing was rattled")
        return
    fell = sorted(gains.items(), key=lambda one: -one[1])
    named = ", ".join(f"{label} {gain:.3f}" for label, gain in fell[:3])
    lower = sum(gain > TOLERANCE_EV / 10 for gain in gains.values())
    print(f"; {len(gains)} rattled, {lower} fell by more than 5 meV: most (eV) {named}")


def crossings(result: StudyResult) -> list[tuple[str, bool, str]]:
    """Return of each system whether its lowest E_f crosses zero, and the sentence."""
    return [
        (system_name(one.system, one.termination), one.at is not None, turning_text(one))
        for one in result.turning_points
        if one.site is None
    ]


def compare(folders: Sequence[Path]) -> int:
    """Print the tables and return the exit status."""
    results = [read_results(folder / "results.json") for folder in folders]
    studies = {f"{one.engine} {one.protocol}": one for one in results}
    if len(studies) < len(results):
        raise SystemExit("expected studies that differ in engine or protocol")
    largest = print_hosts(studies)
    for folder, result in zip(folders, results, strict=True):
        print_costs(folder, result)
    said = []
    for name, result in studies.items():
        said.append([(system, crosses) for system, crosses, _ in crossings(result)])
        for system, _, text in crossings(result):
            print(f"{name}, {system}: {text}")
        if result.no_crossings:
            print(f"{name}: {result.no_crossings}")
    same = all(one == other for one, other in pairwise(said))
    met = largest <= TOLERANCE_EV and same
    print(
        f"largest difference of a lowest E_f {largest:.3f} eV (expected at most {TOLERANCE_EV}); "
        f"{'the same' if same else 'NOT the same'} about crossings: {'met' if met else 'NOT MET'}"
    )
    return 0 if met else 1


def main() -> None:
    """Take folders, or run a recipe first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--recipe", help="run this one")
    parser.add_argument("--engine")
    parser.add_argument("--into", type=Path, help="folder for the studies that are run")
    options = parser.parse_args()
    if bool(options.folders) == bool(options.recipe):
        parser.error("expected folders of finished studies, or --recipe")
    if options.folders:
        raise SystemExit(compare(options.folders))
    with tempfile.TemporaryDirectory() as scratch:
        into = options.into or Path(scratch)
        raise SystemExit(compare(run(options.recipe, options.engine, into)))


if __name__ == "__main__":
    main()
