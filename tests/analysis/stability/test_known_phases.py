"""The structures that travel with the package, and what is known to compete."""

from __future__ import annotations

import hashlib

import pytest
from bond_valences import bond_valence_sums
from pymatgen.core import Composition
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from llo_dft.analysis.stability.known_phases import competing_phases, known_formulas
from llo_dft.resources import load_structure, resource_path

COMPETING = {n: a for n, a in competing_phases().items() if a["file"].startswith("competing/")}


def test_formulas_are_written_once_each():
    reduced = [Composition(one).reduced_formula for one in known_formulas()]
    assert len(set(reduced)) == len(reduced)


def test_every_file_is_described_and_the_other_way_round():
    folder = resource_path("structures", "competing/PHASES.toml").parent
    described = {about["file"] for about in COMPETING.values()}
    assert {f"competing/{path.name}" for path in folder.glob("*.cif")} == described
    assert all(about["source"] and about["recalled"] for about in COMPETING.values())


@pytest.mark.parametrize("name", COMPETING)
def test_a_structure_has_its_formula_and_atoms_that_do_not_touch(name):
    structure = load_structure(COMPETING[name]["file"])
    wanted = Composition(COMPETING[name]["formula"])
    assert structure.composition.reduced_formula == wanted.reduced_formula
    distances = structure.get_neighbor_list(3.9)[3]
    assert distances.min() > 1.1


@pytest.mark.parametrize("name", [n for n, about in COMPETING.items() if "sha256" in about])
def test_what_is_said_of_a_file_is_so(name):
    about = COMPETING[name]
    path = resource_path("structures", about["file"])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == about["sha256"]
    structure = load_structure(about["file"])
    found = SpacegroupAnalyzer(structure, symprec=1e-3).get_space_group_number()
    assert found == about["space_group"]
    assert structure.density == pytest.approx(about["density_computed_g_cm3"], abs=1e-3)
    symbols = [site.specie.symbol for site in structure]
    centers, neighbors, _, distances = structure.get_neighbor_list(3.2)
    shortest: dict[str, float] = {}
    for i, j, length in zip(centers, neighbors, distances, strict=True):
        pair = "-".join(sorted((symbols[i], symbols[j])))
        shortest[pair] = min(shortest.get(pair, length), length)
    for pair, length in about["shortest_bonds_angstrom"].items():
        assert shortest[pair] == pytest.approx(length, abs=2e-3)


@pytest.mark.parametrize("name", ["Li4P2O7", "LiPO3", "P2O5"])
def test_bond_valences_of_phosphates(name):
    structure = load_structure(COMPETING[name]["file"])
    sums = bond_valence_sums(structure)
    phosphorus = structure.indices_from_symbol("P")
    assert all(4.6 < abs(sums[i]) < 5.4 for i in phosphorus)
