"""How well orderings of lithium are ranked, and how far the chosen one is from the best known.

    python benchmarks/orderings.py [RECIPE] [--random 80] [--relaxed 8] [--steps 5] [--lowest 12]
        [--kicks 4]

For each charged bare host of a recipe whose engine is a potential: orderings drawn at random (no
symmetry is kept), and those that a study computes (``[delithiation]``). Of all of them Ewald
energy and single point on the relaxed pristine slab; of a sample spread over the single points a
few steps of relaxation and the whole relaxation. Printed are the rank correlations, and how far
the lowest Ewald energy and what a study chooses, before any vacancy is made, lie above the lowest
of all that were relaxed, among them the ``--lowest`` single points; eV per cell. Where a study
keeps top and bottom alike, that is printed for the orderings that are alike too, and of those the
lowest single points are relaxed. Where the layers of the best known slid over each other (a metal
or O moved by more than 1.2 angstrom), the distance to the best of the others is printed too. The
last lines say what relaxing more of the study's own candidates would find, and what displacing
every Li of the chosen one and relaxing again finds: Li in places that no ordering has.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.optimize import BFGS
from scipy.stats import spearmanr

from llo_dft.analysis.vacancy.structure_check import MOVED_MIN_ANGSTROM, displacements_angstrom
from llo_dft.builders.ordering.delithiation import lithium_sites
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.atom_identity import arranged, bare_sites, with_bare_sites, without_atoms
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, RankedOrdering
from llo_dft.engines.potentials.forcefield import ForceFieldEngine
from llo_dft.errors import CalculationError
from llo_dft.jobs.orderings import ranked
from llo_dft.jobs.structures import cut_relaxed_slab
from llo_dft.recipe import load_recipe
from llo_dft.resources import resource_path
from llo_dft.study.planning.make_plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core.structure import Structure

    from llo_dft.documents.plan import PlannedHost, StudyPlan
    from llo_dft.typing import CalculationKind

Removed = tuple[int, ...]

#: How far every Li of the chosen ordering is displaced, in a random direction of its own.
KICK_ANGSTROM = 0.5


class Bench:
    """The relaxed pristine slab of a study, and energies of its orderings, each computed once."""

    def __init__(self, plan: StudyPlan, engine: ForceFieldEngine) -> None:
        self.plan, self.engine = plan, engine
        self.maker = engine.maker("slab_relax")
        self.ranker = engine.maker("ranking")
        bulk = self.relax(plan.bulk, "bulk_relax")
        document = CalculationDocument(
            key="",
            label="bulk",
            kind="bulk_relax",
            status="completed",
            fingerprint=Fingerprint(engine="", engine_version="", functional=""),
            protocol="",
            energy_ev=bulk[1],
            structure=bulk[0],
        )
        slab = cut_relaxed_slab.original(plan, document)
        relaxed, self.pristine_ev = self.relax(slab, "slab_relax")
        self.slab = with_bare_sites(relaxed, bare_sites(plan.slab))
        self.single: dict[Removed, float] = {}
        self.whole: dict[Removed, float] = {}
        self.relaxed: dict[Removed, Structure] = {}
        self.beside: dict[tuple[object, ...], tuple[Structure, float]] = {}
        self.slid: set[Removed] = set()

    def relax(self, structure: Structure, kind: CalculationKind) -> tuple[Structure, float]:
        """Relaxed structure and its energy."""
        with tempfile.TemporaryDirectory() as folder:
            outcome = self.engine.maker(kind).calculate(structure, Path(folder))
        return outcome.structure, outcome.energy_ev

    def single_ev(self, removed: Removed) -> float:
        """Energy of an ordering as it is."""
        if removed not in self.single:
            made = without_atoms(self.slab, removed)
            self.single[removed] = self.ranker.energies_ev([made])[0]
        return self.single[removed]

    def after_steps_ev(self, removed: Removed, steps: int) -> float:
        """Energy after some steps of BFGS."""
        atoms = without_atoms(self.slab, removed).to_ase_atoms()
        atoms.calc = self.maker.calculator()
        BFGS(atoms, logfile=None).run(fmax=1e-6, steps=steps)
        return float(atoms.get_potential_energy())

    def relaxed_ev(self, removed: Removed) -> float:
        """Energy of the relaxed ordering; infinite where it does not converge."""
        if removed not in self.whole:
            try:
                start = without_atoms(self.slab, removed)
                self.relaxed[removed], self.whole[removed] = self.relax(start, "slab_relax")
                moved = displacements_angstrom(start, self.relaxed[removed])
                host = [i for i, symbol in enumerate(symbols_of(start)) if symbol != "Li"]
                if moved[host].max() > MOVED_MIN_ANGSTROM:
                    self.slid.add(removed)
            except CalculationError:
                self.whole[removed] = np.inf
        return self.whole[removed]

    def ordering_ev(self, one: RankedOrdering) -> float:
        """Energy of the relaxed ordering, its Li beside empty metal sites if it has some there."""
        if not one.moved_angstrom:
            return self.relaxed_ev(tuple(one.removed))
        key = tuple(one.removed), tuple(sorted(one.moved_angstrom.items()))
        if key not in self.beside:
            start = arranged(self.slab, one.removed, one.moved_angstrom)
            self.beside[key] = self.relax(start, "slab_relax")
        return self.beside[key][1]

    def kicked_ev(self, one: RankedOrdering, seed: int) -> float:
        """Energy once every Li of the relaxed ordering was displaced and all relaxed again."""
        key = tuple(one.removed), tuple(sorted(one.moved_angstrom.items()))
        start = (self.beside[key][0] if one.moved_angstrom else self.relaxed[key[0]]).copy()
        for i in start.indices_from_symbol("Li"):
            way = np.random.default_rng([seed, i]).normal(size=3)
            start.translate_sites([i], KICK_ANGSTROM * way / np.linalg.norm(way), frac_coords=False)
        return self.relax(start, "slab_relax")[1]

    def ewald_ev(self, orderings: list[Removed]) -> list[float]:
        """By formal charges, the holes on the redox ladder, on the unrelaxed slab."""
        slab = self.plan.slab
        sites = lithium_sites(slab, slab.indices_from_symbol("Li"), None)
        problem, constant = sites.problem(len(orderings[0]))
        found = [sites.arrangement(set(one)) for one in orderings]
        return [problem.energy_ev(one) + constant for one in found if one is not None]


def is_alike(removed: Removed, turn_over: list[int]) -> bool:
    """Whether an ordering is left as it is by the operation that turns the slab over."""
    return {turn_over[i] for i in removed} == set(removed)


def report(bench: Bench, host: PlannedHost, options: argparse.Namespace) -> None:
    """Print the lines of one host."""
    rng = np.random.default_rng(1)
    lithium = bench.plan.slab.indices_from_symbol("Li")
    drawn: set[Removed] = set()
    while len(drawn) < options.random:
        some = rng.choice(lithium, len(host.removed), replace=False)
        drawn.add(tuple(sorted(int(i) for i in some)))
    found = ranked(bench.slab, bench.plan.ordering_search(host), bench.ranker)
    on_sites = [one for one in found if not one.moved_angstrom]
    bench.single |= {tuple(one.removed): one.energy_ev for one in on_sites}
    ours = [tuple(one.removed) for one in on_sites]
    every = sorted(drawn | set(ours))
    single = [bench.single_ev(one) for one in every]
    print(f"x = {host.lithium_fraction:.3f}, {host.n_holes} holes")
    rank = spearmanr(bench.ewald_ev(every), single).statistic
    print(f"  Ewald against single points, {len(every)} orderings: rank correlation {rank:.2f}")
    by_single = sorted(drawn, key=bench.single_ev)
    spread = np.unique(np.linspace(0, len(by_single) - 1, options.relaxed).round().astype(int))
    sample = [by_single[i] for i in spread]
    whole = [bench.relaxed_ev(one) for one in sample]
    for name, energies in (
        ("Ewald", bench.ewald_ev(sample)),
        ("single points", [bench.single_ev(one) for one in sample]),
        (f"{options.steps} steps", [bench.after_steps_ev(one, options.steps) for one in sample]),
    ):
        rank = spearmanr(energies, whole).statistic
        print(f"  {name} against relaxed, {len(sample)} random ones: {rank:.2f}")
    turn = bench.plan.ordering_search(host).turn_over
    alike = [one for one in every if turn is not None and is_alike(one, turn)]
    for one in sorted(alike or every, key=bench.single_ev)[: options.lowest]:
        bench.relaxed_ev(one)
    first = tuple(host.removed)
    chosen = found[: bench.plan.n_relaxed]
    lowest = min(map(bench.ordering_ev, chosen))
    old = bench.relaxed_ev(first)
    best = min(lowest, *bench.whole.values())
    kept = min(lowest, *(energy for one, energy in bench.whole.items() if one not in bench.slid))
    print(f"  lowest Ewald energy, relaxed: {old - best:.3f} above the best known")
    print(f"  what the study chooses:       {lowest - best:.3f} above the best known", flush=True)
    if kept > best:
        print(f"    {lowest - kept:.3f} above the best whose metals and O stayed in their places")
    beside = sum(bool(one.moved_angstrom) for one in chosen)
    print(
        f"    of the {len(chosen)} relaxed {beside} have Li beside empty sites of the metal layers"
    )
    known = [energy for one, energy in bench.whole.items() if one in alike]
    if known:
        above, n = lowest - min(known), len(known)
        print(f"    {above:.3f} above the best of the {n} relaxed that are alike on top and bottom")
    more = {n: lowest - min(map(bench.ordering_ev, found[:n])) for n in (3, 6, options.lowest)}
    gains = ", ".join(f"{gain:.3f} by {n}" for n, gain in more.items())
    print(f"    what relaxing more of the candidates gains: {gains}")
    best_of_ours = min(chosen, key=bench.ordering_ev)
    gains = [lowest - bench.kicked_ev(best_of_ours, seed) for seed in range(options.kicks)]
    each = ", ".join(f"{gain:.3f}" for gain in gains)
    print(f"    what displacing its Li by {KICK_ANGSTROM:g} angstrom gains: {each}", flush=True)


def report_hosts(
    report: Callable[[Bench, PlannedHost, argparse.Namespace], None], options: argparse.Namespace
) -> None:
    """Print a report of each charged bare host of ``options.recipe``, and the CPU time of all."""
    recipe = load_recipe(options.recipe)
    started = time.process_time()
    plan = make_plan(recipe, options.recipe.parent)
    bench = Bench(plan, ForceFieldEngine(recipe.engine))
    for host in plan.hosts:
        if host.termination is None and len(host.orderings) > 1:
            report(bench, host, options)
            bench.whole.clear()
            bench.beside.clear()
    print(f"{time.process_time() - started:.0f} CPU s")


def main() -> None:
    """Print the report of a recipe."""
    parser = argparse.ArgumentParser()
    default = resource_path("workflows", "quickstart.toml")
    parser.add_argument("recipe", nargs="?", type=Path, default=default)
    parser.add_argument("--random", type=int, default=80)
    parser.add_argument("--relaxed", type=int, default=8)
    parser.add_argument("--lowest", type=int, default=12)
    parser.add_argument("--kicks", type=int, default=4)
    parser.add_argument("--steps", type=int, default=5)
    report_hosts(report, parser.parse_args())


if __name__ == "__main__":
    main()
