"""How few calculations of an expensive engine find the lowest E_f at every state of charge.

    python benchmarks/budget.py truth FILE [--composition F] [--fractions 1 .75 .5] [--steps 8]
    python benchmarks/budget.py relaxed FILE [--composition F] [--fractions 1 .75 .5] [--layers 1]
    python benchmarks/budget.py FILE [--seeds 20]

"truth" computes every symmetry-distinct O of the quickstart's bare slab once: hosts and vacancies
are relaxed with a few steps of CHGNet 0.3.0, the cheap engine, and there both engines give the
energy (single points; SevenNet 7net-0 is the expensive one). "relaxed" takes the r2SCAN models of
both: CHGNet relaxes, and SevenNet relaxes on, to 0.05 eV/A, as a program does after a potential,
and it is noted which lattice either left. The last command lets the model choose which of them to
compute, from other starts for each seed, and prints how many it took, how far its lowest E_f are
from the true ones, and how often the true one lay in the stated interval.
Energies of hosts are needed in any case and are not counted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import numpy as np
from ase.io import read
from ase.optimize import BFGS
from pymatgen.io.ase import AseAtomsAdaptor

from llo_dft.analysis.vacancy.next_calculation import (
    CONFIDENCE,
    TOLERANCE_EV,
    VacancyCandidate,
    propose,
)
from llo_dft.analysis.vacancy.structure_check import check_relaxed, displacements_angstrom
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.builders.surface.symmetry import distinct_sites
from llo_dft.documents.study_result import lattice_rebuilt
from llo_dft.engines.registry import engine_from
from llo_dft.notebook import plan
from llo_dft.recipe import EngineChoice

CHEAP = EngineChoice(name="chgnet", model="0.3.0", device="cpu")
EXPENSIVE = EngineChoice(name="sevenn", model="7net-0", device="cpu")


def compute_truth(file: Path, composition: str, fractions: list[float], steps: int) -> None:
    """Write energies and features of every site; resumes a file that is there."""
    delithiation = {"fractions": fractions, "candidates": 1}
    cathode = {"composition": composition, "supercell": (1, 1)}
    study = plan("quickstart", cathode=cathode, delithiation=delithiation)
    cheap, expensive = (
        engine_from(one).maker("slab_relax").calculator() for one in (CHEAP, EXPENSIVE)
    )
    found = json.loads(file.read_text()) if file.exists() else {}

    def energies(name: str, structure):  # noqa: ANN001, ANN202
        atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
        atoms.calc = cheap
        BFGS(atoms, logfile=None, maxstep=0.1).run(fmax=0.02, steps=steps)
        pair = [float(atoms.get_potential_energy())]
        atoms.calc = expensive
        pair.append(float(atoms.get_potential_energy()))
        print(f"{time.process_time():7.0f} CPU s  {name}  {pair[1] - pair[0]:.4f}", flush=True)
        places = atoms.get_scaled_positions(wrap=False)
        structure = type(structure)(structure.lattice, structure.species, places)
        return pair, structure

    for host in study.hosts:
        if host.label in found:
            continue
        before = study.host_structure(host)
        pair, relaxed = energies(host.label, before)
        around = oxygen_environments(before, study.tm_layers)
        sites = []
        for site in sorted(set(distinct_sites(before, sorted(around)).values())):
            vacancy = relaxed.copy()
            vacancy.remove_sites([site])
            own, _ = energies(f"{host.label} {site}", vacancy)
            where = around[site]
            sites.append({
                "site": site, "energies_ev": own, "n_tm": where.n_tm, "n_li": where.n_li,
                "n_li_interlayer": where.n_li_interlayer, "layer": where.layer,
            })  # fmt: skip
        found[host.label] = {"x": host.lithium_fraction, "energies_ev": pair, "sites": sites}
        file.write_text(json.dumps(found, indent=1))


def compute_relaxed_truth(
    file: Path, composition: str, fractions: list[float], layers: int
) -> None:
    """Write energies and moves of every site, relaxed; resumes a file that is there."""
    study = plan(
        "quickstart",
        cathode={"composition": composition, "supercell": (1, 1)},
        slab={"tm_layers": layers},
        vacancies={"environments": None},
        delithiation={"fractions": fractions, "candidates": 1, "relaxed": 1},
    )
    overrides = {"rattle": 0.0, "force_tolerance": 0.05}
    cheap, expensive = (
        engine_from(EngineChoice(name=name, device="cpu", overrides=overrides)).maker("slab_relax")
        for name in ("chgnet", "sevenn")
    )
    found = json.loads(file.read_text()) if file.exists() else {}

    def both(structure):  # noqa: ANN001, ANN202
        with TemporaryDirectory() as one, TemporaryDirectory() as two:
            first = cheap.calculate(structure, Path(one))
            second = expensive.calculate(first.structure, Path(two))
            point = read(Path(two, "relaxation.traj"), index=0)
        path = [structure, first.structure, second.structure]
        moved = [displacements_angstrom(*pair).max() for pair in itertools.pairwise(path)]
        return second.structure, {
            "energies_ev": [first.energy_ev, second.energy_ev],
            "point_ev": float(point.get_potential_energy()),
            "moved_angstrom": [round(float(far), 3) for far in moved],
            "rebuilt": [lattice_rebuilt(check_relaxed(structure, one)) for one in path[1:]],
            "n_steps": [first.n_steps, second.n_steps],
        }

    for host in study.hosts:
        before = study.host_structure(host)
        around = oxygen_environments(before, study.tm_layers)
        start = before.copy()
        start.remove_site_property("bare_site")
        relaxed, of_host = both(start)
        of_host["energies_ev"][0] = cheap.calculate(relaxed, Path(mkdtemp())).energy_ev
        one = found.setdefault(host.label, {"x": host.lithium_fraction, **of_host, "sites": []})
        for site in sorted(set(distinct_sites(before, sorted(around)).values())):
            if site in [known["site"] for known in one["sites"]]:
                continue
            vacancy = relaxed.copy()
            vacancy.remove_sites([site])
            where = around[site]
            _, energies = both(vacancy)
            own = {"site": site, "n_li": where.n_li, "n_li_interlayer": where.n_li_interlayer}
            one["sites"].append(own | energies)
            print(f"{time.process_time():7.0f} CPU s  {host.label} {site}", flush=True)
            file.write_text(json.dumps(found, indent=1))


@dataclass(frozen=True)
class Site:
    """A vacancy as the cheap engine knows it, with its truth; energies against none of half O2."""

    candidate: VacancyCandidate
    energy_ev: float
    rebuilt: bool


def sites_of(found: dict) -> list[Site]:  # type: ignore[type-arg]
    """Return every site; at single points nothing is rebuilt."""
    sites = []
    for label, host in found.items():
        for one in host["sites"]:
            cheap, true = np.subtract(one["energies_ev"], host["energies_ev"]).tolist()
            rebuilt = one.get("rebuilt", [False, False])
            features = (host["x"], float(one["n_li"] + one["n_li_interlayer"]), cheap)
            candidate = VacancyCandidate(label, cheap, features, rebuilt=rebuilt[0])
            sites.append(Site(candidate, true, rebuilt[1]))
    return sites


def describe(every: list[Site]) -> None:
    """Print how the engines differ, and what was rebuilt."""
    states = list(dict.fromkeys(one.candidate.state for one in every))
    kept = [one for one in every if not one.rebuilt]
    print(f"{len(every)} sites, {len(states)} states of charge; {len(kept)} keep their lattice")
    difference = np.array([one.energy_ev - one.candidate.cheap_ev for one in kept])
    print(f"difference of the engines there {difference.mean():.3f} +- {difference.std():.3f} eV")
    both = [(one.candidate.rebuilt, one.rebuilt) for one in every]
    numbers = (both.count(pair) for pair in ((True, True), (True, False), (False, True)))
    print("rebuilt by both {}, by the cheap one alone {}, by the other alone {}".format(*numbers))
    for state in states:
        own = min(one.energy_ev for one in kept if one.candidate.state == state)
        of_all = min(one.energy_ev for one in every if one.candidate.state == state)
        if own > of_all:
            print(f"{state}: a rebuilt one is {own - of_all:.3f} eV lower than the lowest kept")


def run_benchmark(file: Path, seeds: int) -> None:
    """Print what the model needs and how right it is; a seed leaves out a fifth of the sites.

    Sought is the lowest of those that keep their lattice, as in a study; one that is computed and
    does not is no candidate any more.
    """
    every = sites_of(json.loads(file.read_text()))
    describe(every)
    states = list(dict.fromkeys(one.candidate.state for one in every))
    inside = within = counted = held = n_left = 0
    shares = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        chosen = sorted(random.choice(len(every), round(0.8 * len(every)), replace=False))
        truth = [every[i] for i in chosen]
        there = {i: one.candidate for i, one in enumerate(truth)}
        n = 0
        while (now := propose(list(there.values()), seed=seed)).next:
            for site in [list(there)[i] for i in now.next]:
                n += 1
                there[site] = replace(there[site], expensive_ev=truth[site].energy_ev)
                if truth[site].rebuilt:
                    del there[site]
        shares.append(n / len(truth))
        for i, (site, one) in enumerate(there.items()):
            if one.expensive_ev is None and not truth[site].rebuilt:
                n_left += 1
                held += now.low_ev[i] <= truth[site].energy_ev <= now.high_ev[i]
        errors = []
        for state in states:
            own = [t.energy_ev for t in truth if t.candidate.state == state and not t.rebuilt]
            if not own:
                continue
            done = [one.expensive_ev for one in there.values() if one.state == state]
            best = min((e for e in done if e is not None), default=np.inf)
            errors.append(best - min(own))
            low, _, high = now.lowest_ev[state]
            inside += low - 1e-9 <= min(own) <= high + 1e-9
            within += errors[-1] <= TOLERANCE_EV
            counted += 1
        print(
            f"seed {seed:2d}: {n:3d} of {len(truth)} ({shares[-1]:.0%}), worst {max(errors):.3f} eV"
        )
    print(f"mean share {np.mean(shares):.1%}, largest {max(shares):.1%}")
    print(f"within {TOLERANCE_EV} eV of the true lowest: {within} of {counted}")
    print(f"true lowest inside its {CONFIDENCE:.0%} interval: {inside} of {counted}")
    share = held / max(n_left, 1)
    print(f"what was not computed, inside its {CONFIDENCE:.0%} interval: {share:.1%} of {n_left}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", help='"truth", "relaxed", or a file that they wrote')
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--composition", default="Li1.2Mn0.54Ni0.13Co0.13O2")
    parser.add_argument("--fractions", type=float, nargs="*", default=[1.0, 0.75, 0.5, 0.35, 0.2])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--layers", type=int, default=1, help="of metal, of the relaxed one")
    arguments = parser.parse_args()
    if arguments.what == "truth":
        where = arguments.file, arguments.composition
        compute_truth(*where, arguments.fractions, arguments.steps)
    elif arguments.what == "relaxed":
        where = arguments.file, arguments.composition, arguments.fractions
        compute_relaxed_truth(*where, arguments.layers)
    else:
        run_benchmark(Path(arguments.what), arguments.seeds)
