"""What GPAW is given for a structure, and the fingerprint that goes with it."""

from __future__ import annotations

import pytest
import standin_gpaw
from pymatgen.core import Lattice, Structure

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.engines.base import EngineError
from llo_dft.engines.gpaw.gpaw_program import InstalledGpaw
from llo_dft.engines.gpaw.gpaw_protocols import gpaw_protocol
from llo_dft.engines.gpaw.run_input import fingerprint_of, memory_bytes, run_input

INSTALLED = InstalledGpaw.model_validate(standin_gpaw.installed())
FAST = gpaw_protocol("fast", {})


def parameters(structure, kind, **overrides):
    given = run_input(structure, kind, gpaw_protocol("fast", overrides), INSTALLED)
    return given["stages"][-1]["parameters"]


def test_a_slab_has_a_dipole_layer_no_vacuum_k_points_and_no_forced_symmetry(plan):
    slab = with_initial_moments(plan.slab, "ferro")
    given = run_input(slab, "slab_relax", FAST, INSTALLED)
    (stage,) = given["stages"]
    assert given["atoms"]["pbc"] == [True, True, False]
    assert given["atoms"]["moments"] == slab.site_properties["magmom"]
    assert stage["parameters"]["poissonsolver"] == {"dipolelayer": "xy"}
    assert stage["parameters"]["kpts"]["size"][2] == 1
    assert stage["parameters"]["symmetry"] == {"point_group": False}
    assert stage["relax"] == {"force_tolerance": 0.1, "max_steps": 100, "cell": False}
    assert not stage["electrons"]


def test_a_crystal_relaxes_with_a_higher_cutoff_and_a_point_with_that_of_all_energies_follows(plan):
    given = run_input(plan.bulk, "bulk_relax", FAST, INSTALLED)
    cell, energy = given["stages"]
    assert given["atoms"]["pbc"] == [True] * 3
    assert [one["parameters"]["mode"]["ecut"] for one in (cell, energy)] == [600.0, 400.0]
    assert cell["relax"]["cell"]
    assert energy["relax"] is None
    assert "poissonsolver" not in energy["parameters"]
    assert "symmetry" not in energy["parameters"]


def test_a_static_calculation_is_the_point_of_a_relaxation_and_leaves_its_electrons(plan):
    (static,) = run_input(plan.slab, "static", FAST, INSTALLED)["stages"]
    (relax,) = run_input(plan.slab, "slab_relax", FAST, INSTALLED)["stages"]
    assert static["parameters"] == relax["parameters"]
    assert (static["relax"], static["electrons"]) == (None, True)
    (point,) = run_input(plan.slab, "static", FAST, INSTALLED, electrons=False)["stages"]
    assert point == static | {"electrons": False}


def test_o2_keeps_the_moment_of_its_triplet_at_gamma_in_a_box_that_repeats():
    given = run_input(o2_in_box(), "molecule_relax", FAST, INSTALLED)
    occupations = given["stages"][0]["parameters"]["occupations"]
    assert occupations == {"name": "fermi-dirac", "width": 0.01, "fixmagmom": True}
    assert given["stages"][0]["parameters"]["kpts"] == {"size": [1, 1, 1], "gamma": True}
    assert (given["atoms"]["moments"], given["atoms"]["pbc"]) == ([1.0, 1.0], [True] * 3)


def test_u_acts_on_what_is_there_and_says_whether_its_projectors_are_scaled(plan):
    assert parameters(plan.bulk, "static")["setups"]["Mn"] == ":d,3.9"
    unscaled = parameters(plan.bulk, "static", scaled_projectors=False, u_values_ev={"Mn": 4.0})
    assert unscaled["setups"]["Mn"] == ":d,4,0"
    assert "setups" not in parameters(plan.bulk, "static", functional="PBE")
    assert "setups" not in parameters(o2_in_box(), "molecule_relax")


def test_a_metal_has_no_spins_and_a_finer_mesh(plan):
    lithium = parameters(plan.lithium_metal, "bulk_relax")
    assert not lithium["spinpol"]
    assert lithium["kpts"]["size"] == [5, 5, 5]  # 2 pi / 3.509 / 0.4


def test_the_fingerprint_names_all_that_decides_an_energy(plan):
    found = fingerprint_of(plan.slab, "slab_relax", FAST, INSTALLED)
    assert (found.functional, found.u_values_ev["Mn"]) == ("PBE+U", 3.9)
    assert found.pseudopotentials["O"] == "PAW PBE o0"
    assert (found.engine_version, found.cutoff_ev) == (standin_gpaw.VERSION, 400.0)
    assert found.settings == {"U_SCALED_PROJECTORS": True}
    assert found.own_settings["DIPOLE_LAYER"] is True
    oxygen = fingerprint_of(o2_in_box(), "molecule_relax", FAST, INSTALLED)
    assert oxygen.settings == found.settings, "no energy is taken from another one otherwise"
    others = [
        fingerprint_of(plan.slab, "slab_relax", gpaw_protocol("fast", one), INSTALLED)
        for one in (
            {"cutoff_ev": 450.0},
            {"functional": "PBE"},
            {"u_values_ev": {"Mn": 4.0}},
            {"scaled_projectors": False},
            {"sigma_ev": 0.1},
            {"k_spacing": 0.3},
            {"density_e": 1e-5},
        )
    ]
    renewed = INSTALLED.model_copy(update={"gpaw": "26.8.0"})
    others.append(fingerprint_of(plan.slab, "slab_relax", FAST, renewed))
    assert found not in others
    assert len({one.model_dump_json() for one in others}) == len(others)
    relaxed = fingerprint_of(plan.slab, "static", FAST, INSTALLED)
    assert relaxed == found, "a static calculation goes on with the settings of its relaxation"


def test_atoms_at_the_end_of_the_vacuum_and_vacuum_elsewhere_are_refused():
    cell = Lattice.from_parameters(4, 4, 20, 90, 90, 90)
    wrapped = Structure(cell, ["Li", "O"], [[0, 0, 0.02], [0, 0, 0.98]])
    with pytest.raises(EngineError, match=r"an atom of .* is 0\.40 A from the end of its cell"):
        run_input(wrapped, "slab_relax", FAST, INSTALLED)
    turned = Structure(Lattice.from_parameters(20, 4, 4, 90, 90, 90), ["Li"], [[0.5, 0, 0]])
    with pytest.raises(EngineError, match="third lattice vector"):
        run_input(turned, "slab_relax", FAST, INSTALLED)


def test_an_element_without_paw_data_is_named():
    strange = Structure(Lattice.cubic(4), ["W"], [[0, 0, 0]])
    with pytest.raises(EngineError, match="no PAW data of W for PBE"):
        fingerprint_of(strange, "static", FAST, INSTALLED)


def test_memory_is_that_of_the_slabs_that_were_measured(coated_plan):
    # 48 atoms took 0.73 GB, 63 atoms 0.84 GB (GPAW 26.7, PW 400, Gamma)
    bare = coated_plan.slab
    coated = coated_plan.interfaces[0].structure
    found = [memory_bytes(one, "slab_relax", FAST, INSTALLED) / 1e9 for one in (bare, coated)]
    assert found == pytest.approx([0.73, 0.84], rel=0.4)
