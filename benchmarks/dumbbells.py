"""Whether Li beside empty sites of the metal layers (dumbbells) are found where they are lower.

    python benchmarks/dumbbells.py [RECIPE] [--drawn 250] [--candidates 30] [--relaxed 3]

Where a Li of a metal layer has left, Li of the Li layers on both sides of it can move to the
tetrahedral sites above and below the empty site. A study's ranking tries such orderings. This is
a look for lower ones that shares no line with it: for each charged bare host of a recipe whose
engine is a potential, orderings are drawn at random; of those with one, two and more empty Li
sites in the metal layers the lowest Ewald energies get their dumbbells, the lowest single points
among them are relaxed, and the energies are printed from that of the study's own first choice, eV
per cell. Below zero is lower than what a study takes.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from orderings import Bench, Removed, report_hosts

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.documents.atom_identity import without_atoms
from llo_dft.jobs.orderings import ranked
from llo_dft.resources import resource_path

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.documents.plan import PlannedHost

#: Height of the tetrahedral sites over the empty site of the metal layer, angstrom.
HEIGHT = 1.5
#: Li that moves there is at most this far aside and above it before, angstrom.
ASIDE, ABOVE = 2.2, 3.6


def with_dumbbells(slab: Structure, removed: Removed, sheet: set[int]) -> Structure:
    """Return a host whose Li nearest to each empty site of ``sheet`` is above and below it."""
    made = slab.copy()
    a, b = slab.lattice.matrix[:2]
    normal = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    free = set(slab.indices_from_symbol("Li")) - sheet - set(removed)
    for empty in sorted(set(removed) & sheet):
        for side in (1, -1):
            near = []
            for i in sorted(free):
                image = slab[empty].distance_and_image(slab[i])[1]
                between = slab[i].frac_coords + image - slab[empty].frac_coords
                away = slab.lattice.get_cartesian_coords(between)
                height = float(away @ normal)
                aside = float(np.linalg.norm(away - height * normal))
                if 0 < side * height < ABOVE and aside < ASIDE:
                    near.append((aside, i, side * HEIGHT * normal - away))
            if near:
                _, i, step = min(near, key=lambda one: one[:2])
                made.translate_sites([i], step, frac_coords=False)
                free.remove(i)
    return without_atoms(made, removed)


def report(bench: Bench, host: PlannedHost, options: argparse.Namespace) -> None:
    """Print the lines of one host."""
    rng = np.random.default_rng(1)
    lithium = bench.plan.slab.indices_from_symbol("Li")
    sheet = set(tm_layer_sites(bench.plan.slab)) & set(lithium)
    drawn: set[Removed] = set()
    while len(drawn) < options.drawn:
        some = rng.choice(lithium, len(host.removed), replace=False)
        drawn.add(tuple(sorted(int(i) for i in some)))
    every = sorted(drawn)
    ewald = dict(zip(every, bench.ewald_ev(every), strict=True))
    found = ranked(bench.slab, bench.plan.ordering_search(host), bench.ranker)
    ours = min(map(bench.ordering_ev, found[: bench.plan.n_relaxed]))
    on_sites = [one for one in found if not one.moved_angstrom][: bench.plan.n_relaxed]
    plain = min(map(bench.ordering_ev, on_sites)) - ours
    print(f"x = {host.lithium_fraction:.3f}, {host.n_holes} holes; from what the study chooses:")
    print(f"  all Li on sites of the crystal: {plain:+.3f}")
    by_number: dict[int, list[Removed]] = defaultdict(list)
    for one in sorted(every, key=lambda one: ewald[one]):
        by_number[len(set(one) & sheet)].append(one)
    for number in sorted(by_number.keys() - {0}):
        made = [
            with_dumbbells(bench.slab, one, sheet)
            for one in by_number[number][: options.candidates]
        ]
        energies = bench.ranker.energies_ev(made) if made else []
        lowest = np.argsort(energies)[: options.relaxed]
        relaxed = [bench.relax(made[i], "slab_relax")[1] - ours for i in lowest]
        each = ", ".join(f"{energy:+.3f}" for energy in relaxed)
        print(f"  {number} empty in the metal layers, {len(made)} tried: {each}", flush=True)


def main() -> None:
    """Print the report of a recipe."""
    parser = argparse.ArgumentParser()
    default = resource_path("workflows", "quickstart.toml")
    parser.add_argument("recipe", nargs="?", type=Path, default=default)
    parser.add_argument("--drawn", type=int, default=250)
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument("--relaxed", type=int, default=3)
    report_hosts(report, parser.parse_args())


if __name__ == "__main__":
    main()
