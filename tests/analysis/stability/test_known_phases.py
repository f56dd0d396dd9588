"""The structures that travel with the package, and what is known to compete."""

from __future__ import annotations

import pytest
from pymatgen.core import Composition

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
