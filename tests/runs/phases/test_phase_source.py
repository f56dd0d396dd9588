"""One source of energies a diagram, and the structures that travel with the package."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from bond_valences import bond_valence_sums
from pymatgen.core import Composition
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.errors import InputError
from llo_dft.resources import load_structure, resource_path
from llo_dft.runs.phases.phase_source import (
    PhaseSource,
    competing_phases,
    computed_phases,
    known_formulas,
    vasp_phases,
)
from llo_dft.testing import plain_run_writer as make
from llo_dft.testing.fake_engine import LABEL_HALF_O2_EV, LITHIUM_METAL_EV, FakeEngine

ENTRIES = Path(__file__).parents[2] / "data" / "formation_enthalpies.json"
COMPETING = {n: a for n, a in competing_phases().items() if a["file"].startswith("competing/")}


def test_two_sources_are_refused():
    with pytest.raises(InputError, match="a diagram has one source of energies"):
        PhaseSource(entries=ENTRIES, materials_project=True)
    with pytest.raises(InputError, match="neither a file of entries, nor runs, nor an engine"):
        PhaseSource().energies({"Li"})


def test_a_file_of_entries_is_asked_for_its_own_phases():
    source = PhaseSource(entries=ENTRIES)
    assert source.elements_of("Li3PO4") == {"Li", "P", "O"}
    with pytest.raises(InputError, match="LiNbO3 is not in its own diagram"):
        source.elements_of("LiNbO3")
    with pytest.raises(InputError, match="only an engine computes a CIF file"):
        source.name_of("x.cif")


def test_an_engine_computes_formulas_structures_and_cif_files(tmp_path):
    source = PhaseSource(engine=FakeEngine(), folder=tmp_path / "phases")
    assert source.elements_of("Li3PO4_beta") == source.elements_of("Li3PO4") == {"Li", "P", "O"}
    own = tmp_path / "mine.cif"
    own.write_text(resource_path("structures", "competing/Li2O.cif").read_text())
    assert source.name_of(str(own)) == "mine"
    assert source.elements_of("mine") == {"Li", "O"}
    found = source.energies({"O", "Li"})
    assert "mine" in {one.name for one in found.phases}
    assert source.energies(["Li", "O"]) is found


def test_what_is_neither_a_formula_nor_a_file_is_refused(tmp_path):
    source = PhaseSource(engine=FakeEngine())
    with pytest.raises(InputError, match="'no such' is not a formula, a CIF file"):
        source.elements_of("no such")
    with pytest.raises(InputError, match="Li9Xx: Xx is not an element"):
        source.elements_of("Li9Xx")
    (tmp_path / "bad.cif").write_text("nothing")
    with pytest.raises(InputError, match=r"bad.cif can't be read as a crystal"):
        source.name_of(str(tmp_path / "bad.cif"))


def test_compounds_and_elements_of_one_set_of_settings(tmp_path):
    runs = [
        make.lithium(tmp_path / "li"),
        make.host(tmp_path / "full", -80.0, 4),
        make.host(tmp_path / "empty", -55.0, 0),
        make.oxygen(tmp_path / "o2"),
    ]
    found = vasp_phases(runs)
    assert found.corrections == "raw"
    assert [one.energy_ev for one in found.phases] == pytest.approx([-3.8, -80.0, -55.0, -9.8])
    assert found.phases[2].composition == {"Mn": 2, "O": 6}


def test_other_settings_are_refused_unless_allowed(tmp_path):
    runs = [
        make.host(tmp_path / "a"),
        make.host(tmp_path / "b", -55.0, 0, u_values={"Mn": 4.5}),
    ]
    with pytest.raises(ComparabilityError, match=r"u_values_ev\[Mn\]: 3.9 and 4.5"):
        vasp_phases(runs)
    (note,) = vasp_phases(runs, ["u_values_ev"]).notes
    assert "3.9 and 4.5" in note


def test_runs_without_an_energy_or_a_compound_are_refused(tmp_path):
    with pytest.raises(InputError, match="none of the runs is of a compound"):
        vasp_phases([make.lithium(tmp_path / "li")])
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="void has no energy"):
        vasp_phases([tmp_path / "void"])


def test_each_phase_of_the_elements_is_computed_once(tmp_path):
    counter = tmp_path / "counter"
    engine = FakeEngine(str(counter))
    named: list[str] = []
    found = computed_phases(engine, tmp_path / "phases", ["Li", "O"], progress=named.append)
    by_name = {one.name: one for one in found.phases}
    assert set(named) == set(by_name) == {"Li", "O2", "Li2O", "Li2O2"}
    assert by_name["Li"].energy_ev == pytest.approx(2 * LITHIUM_METAL_EV)
    # O2 is that of the engine's labels, and a note says so
    assert by_name["O2"].energy_ev == pytest.approx(2 * LABEL_HALF_O2_EV)
    assert "the labels of the fake engine" in found.notes[-1]
    assert found.corrections == "raw"
    n = len(counter.read_text().splitlines())
    assert computed_phases(engine, tmp_path / "phases", ["Li", "O"]).phases == found.phases
    assert len(counter.read_text().splitlines()) == n


def test_a_phase_that_fails_is_left_out_and_named(tmp_path):
    engine = FakeEngine(faults={"bulk_relax Li2 O1": "raise"})
    found = computed_phases(engine, tmp_path / "phases", ["Li", "O"])
    assert {one.name for one in found.phases} == {"Li", "O2", "Li2O2"}
    assert "Li2O is left out: failed, RuntimeError: the cluster is on fire" in found.notes


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
