"""A whole study with this package, and its relaxations with atomate2's stock force-field maker.

    python benchmarks/study.py [--recipe FILE] [--limit N] [--fmax 0.02] [--rattle 0] [--workers N]

Both start every relaxation from the same structure: the study runs first, and the stock maker
then gets what each of its calculations started from, one after another, with its default optimiser
and settings but for the model, the force tolerance and the number of steps, which are the same.
The stock maker does not rattle: with ``--rattle`` above 0 ours does twice the work, and the lower
one counts.

Each side is a process of its own. CPU seconds are what the operating system counts of it and
of its worker processes, with all their imports; ours hold planning, cache, results and figure
besides the relaxations, and the imports of each worker. The machine's threads are torch's own
choice for the stock maker unless --peer-threads says otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import StudyResult
    from llo_dft.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]

#: What the two may differ by in an energy, eV, to count as the same.
TOLERANCE_EV = 0.005

#: How much more CPU time the stock maker is expected to take, at least.
EXPECTED_RATIO = 6.0

#: Steps within which both sides must converge.
MAX_STEPS = 3000


@dataclass(frozen=True)
class Relaxation:
    """What one side made of one structure."""

    energy_ev: float
    evaluations: int
    structure: Structure
    converged: bool = True


@dataclass(frozen=True)
class Cost:
    """What one side took, s."""

    cpu: float
    wall: float


def study_side(folder: Path, options: dict[str, Any]) -> None:
    """Run the study in a folder."""
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415 (the other side has no use for it)
    from llo_dft.study.run_study import prepare_run, run_study  # noqa: PLC0415

    recipe = overridden(Path(options["recipe"]), options["fmax"], options["rattle"])
    prepared = prepare_run(recipe, Path(options["recipe"]).parent, StudyFolder(folder / "study"))
    if options["limit"]:
        prepared = replace(prepared, plan=first_hosts(prepared.plan, options["limit"]))
    run_study(prepared, workers=options["workers"])


def overridden(path: Path, fmax: float, rattle: float) -> Recipe:
    """Return the recipe with another force tolerance, eV/angstrom, and rattle, angstrom."""
    from llo_dft.recipe import load_recipe  # noqa: PLC0415

    recipe = load_recipe(path)
    tolerances = {
        "force_tolerance": fmax,
        "cell_force_tolerance": fmax,
        "max_steps": MAX_STEPS,
        "rattle": rattle,
    }
    engine = recipe.engine.model_copy(
        update={"overrides": recipe.engine.overrides | tolerances, "device": "cpu"}
    )
    return recipe.model_copy(update={"engine": engine})


def first_hosts(plan: StudyPlan, number: int) -> StudyPlan:
    """Return the plan with its first hosts only, and what they need."""
    hosts = plan.hosts[:number]
    coatings = {host.termination for host in hosts}
    kept = [
        host.model_copy(
            update={
                "vacancies": [
                    v
                    for v in host.vacancies
                    if v.bonded is None or v.bonded.termination in coatings
                ]
            }
        )
        for host in hosts
    ]
    interfaces = [one for one in plan.interfaces if one.termination in coatings]
    crystal = plan.coating_crystal if interfaces else None
    return plan.model_copy(
        update={"hosts": kept, "interfaces": interfaces, "coating_crystal": crystal}
    )


def stock_side(folder: Path, options: dict[str, Any]) -> None:
    """Relax the structures of ``starts.json`` with the stock maker; write ``stock.json``."""
    import torch  # noqa: PLC0415 (the other side is not to count it)
    from atomate2.forcefields.jobs import ForceFieldRelaxMaker  # noqa: PLC0415
    from chgnet.model import CHGNet  # noqa: PLC0415
    from chgnet.model.dynamics import CHGNetCalculator  # noqa: PLC0415
    from pymatgen.core.structure import Structure  # noqa: PLC0415

    if options["peer_threads"]:
        torch.set_num_threads(options["peer_threads"])
    evaluations = 0
    calculate = CHGNetCalculator.calculate

    def counted(*args: object, **kwargs: object) -> None:
        nonlocal evaluations
        evaluations += 1
        calculate(*args, **kwargs)

    CHGNetCalculator.calculate = counted
    model = CHGNet.load(model_name=options["model"], use_device="cpu", verbose=False)
    makers = {
        relax_cell: ForceFieldRelaxMaker(
            force_field_name="CHGNet",
            relax_cell=relax_cell,
            steps=MAX_STEPS,
            relax_kwargs={"fmax": options["fmax"]},
            calculator_kwargs={"model": model},
        )
        for relax_cell in (True, False)
    }
    found = {}
    for key, (kind, fields) in json.loads((folder / "starts.json").read_text()).items():
        evaluations = 0
        maker = makers[kind == "bulk_relax"]
        document = maker.make.original(maker, Structure.from_dict(fields))
        found[key] = {
            "energy_ev": float(document.output.energy),
            "evaluations": evaluations,
            "structure": json.loads(document.output.structure.to_json()),
            "converged": bool(document.is_force_converged),
        }
    (folder / "stock.json").write_text(json.dumps(found))


def measure(side: str, folder: Path, options: argparse.Namespace) -> Cost:
    """Run one side as a process and return what it took with all of its children."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, __file__, "--side", side, str(folder), json.dumps(vars(options))],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit(f"the side {side!r} failed; its message is above")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - started)


def own_relaxations(folder: Path, result: StudyResult) -> dict[str, Relaxation]:
    """Read our calculations by key, and write what they started from for the stock maker."""
    from llo_dft.calculations.cache import CalculationCache  # noqa: PLC0415

    cache = CalculationCache(folder / "study" / "calculations")
    starts, found = {}, {}
    for record in result.calculations:
        document = cache.completed(record.key) if record.key else None
        if document is None or document.structure is None or document.initial_structure is None:
            raise SystemExit(f"{record.label} did not complete: {record.reason}")
        starts[document.key] = (document.kind, document.initial_structure.as_dict())
        found[document.key] = Relaxation(
            float(document.energy_ev or 0.0), document.n_evaluations or 0, document.structure
        )
    (folder / "starts.json").write_text(json.dumps(starts))
    return found


def stock_relaxations(folder: Path) -> dict[str, Relaxation]:
    """Read what the stock maker made of each."""
    from pymatgen.core.structure import Structure  # noqa: PLC0415

    found = json.loads((folder / "stock.json").read_text())
    return {
        key: Relaxation(**{**one, "structure": Structure.from_dict(one["structure"])})
        for key, one in found.items()
    }


def furthest_apart(one: Structure, other: Structure) -> float:
    """Return the largest distance between two places of one atom, angstrom."""
    pairs = zip(one, other, strict=True)
    return max(float(a.distance(b)) for a, b in pairs)


def print_relaxations(
    labels: dict[str, str], own: dict[str, Relaxation], stock: dict[str, Relaxation]
) -> set[str]:
    """Print every relaxation; return the keys of those that ended in another minimum."""
    others = set()
    print(f"{'':44}{'evaluations':>16}{'E, meV':>10}{'apart, A':>10}")
    print(f"{'relaxation':44}{'ours':>8}{'stock':>8}{'stock-ours':>10}")
    for key, label in labels.items():
        a, b = own[key], stock[key]
        apart = furthest_apart(a.structure, b.structure)
        difference = b.energy_ev - a.energy_ev
        remark = "" if b.converged else "  stock not converged"
        if abs(difference) > TOLERANCE_EV:
            others.add(key)
            remark += "  ANOTHER MINIMUM"
        print(
            f"{label:44}{a.evaluations:8d}{b.evaluations:8d}{1e3 * difference:10.2f}"
            f"{apart:10.3f}{remark}"
        )
    return others


def print_vacancies(
    result: StudyResult,
    own: dict[str, Relaxation],
    stock: dict[str, Relaxation],
    others: set[str],
) -> tuple[float, float]:
    """Print E_f of both sides; return the largest difference, without other minima and of all."""
    largest = {False: 0.0, True: 0.0}
    print(f"\n{'vacancy, eV per O':44}{'ours':>8}{'stock':>8}{'diff, meV':>10}")
    for host in result.hosts:
        for vacancy in host.vacancies:
            made, of = str(vacancy.calculation), str(host.calculation)
            energy = vacancy.formation_energy_ev
            if energy is None:
                raise SystemExit(f"{host.label} {vacancy.pair} has no E_f: {vacancy.reason}")
            shifts = [stock[key].energy_ev - own[key].energy_ev for key in (made, of)]
            difference = (shifts[0] - shifts[1]) / vacancy.n_removed
            is_other = made in others or of in others
            largest[is_other] = max(largest[is_other], abs(difference))
            print(
                f"{host.label + ' ' + vacancy.pair:44}{energy:8.3f}{energy + difference:8.3f}"
                f"{1e3 * difference:10.2f}{'  another minimum' * is_other}"
            )
    return largest[False], max(largest.values())


def compare(folder: Path, options: argparse.Namespace) -> int:
    """Run both sides in a folder, print the tables, and return the exit status."""
    cost = {"ours": measure("ours", folder, options)}
    from llo_dft.study.study_files import read_results  # noqa: PLC0415 (after the timing)

    result = read_results(folder / "study" / "results.json")
    own = own_relaxations(folder, result)
    cost["stock"] = measure("stock", folder, options)
    stock = stock_relaxations(folder)
    labels = {str(record.key): record.label for record in reversed(result.calculations)}
    labels = dict(reversed(labels.items()))
    threads = options.peer_threads or "torch's own number of"
    print(
        f"{result.study}: {len(own)} relaxations to {options.fmax} eV/A; ours with a rattle of "
        f"{options.rattle:g} A and {options.workers} workers of one thread, stock one after "
        f"another with {threads} threads"
    )
    others = print_relaxations(labels, own, stock)
    alike, all_of_them = print_vacancies(result, own, stock, others)
    print(f"\n{'':24}{'ours':>9}{'stock':>9}{'stock/ours':>12}")
    rows = {
        "CPU s, whole process": (cost["ours"].cpu, cost["stock"].cpu),
        "wall s": (cost["ours"].wall, cost["stock"].wall),
        "evaluations": [sum(one.evaluations for one in side.values()) for side in (own, stock)],
    }
    for name, (ours, theirs) in rows.items():
        print(f"{name:24}{ours:9.0f}{theirs:9.0f}{theirs / ours:12.2f}")
    ratio = cost["stock"].cpu / cost["ours"].cpu
    print(f"largest difference of E_f: {1e3 * alike:.2f} meV in the same minima, ", end="")
    print(f"{1e3 * all_of_them:.2f} meV in all; {len(others)} ended in another minimum")
    above = [own[key].energy_ev - stock[key].energy_ev for key in own]
    print(f"sum of our energies less stock's {1e3 * sum(above):.1f} meV, ", end="")
    print(f"the highest {1e3 * max(above):.1f} meV above it")
    met = max(above) <= TOLERANCE_EV and ratio >= EXPECTED_RATIO
    print(
        f"expected: no energy more than {1e3 * TOLERANCE_EV:g} meV above stock's, at "
        f"{EXPECTED_RATIO:g} times less CPU time: {'met' if met else 'NOT MET'}"
    )
    return 0 if met else 1


def main() -> None:
    """Take the options and compare, or be one side of it."""
    if sys.argv[1:2] == ["--side"]:
        side, folder, options = sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4])
        (study_side if side == "ours" else stock_side)(folder, options)
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, default=ROOT / "workflows" / "coated_small.toml")
    parser.add_argument("--limit", type=int, default=0, help="only the first N hosts of the plan")
    parser.add_argument("--fmax", type=float, default=0.02, help="force tolerance, eV/A")
    parser.add_argument("--rattle", type=float, default=0.0, help="ours then relaxes twice, A")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--peer-threads", type=int, default=0, help="threads of the stock maker")
    options = parser.parse_args()
    from llo_dft.recipe import load_recipe  # noqa: PLC0415 (the stock side is not to count it)

    options.model = load_recipe(options.recipe).engine.model or "r2scan"
    options.recipe = str(options.recipe.resolve())
    with tempfile.TemporaryDirectory() as folder:
        raise SystemExit(compare(Path(folder), options))


if __name__ == "__main__":
    main()
