import warnings

import numpy as np
import pytest
from pymatgen.core import Structure

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.documents.atom_identity import only_part
from llo_dft.engines.base import EngineError
from llo_dft.engines.cell_geometry import fft_grid
from llo_dft.engines.vasp.incar import (
    WITHOUT_DIPOLE,
    cell_cutoff,
    electronic_tags,
    incar,
    stages,
)
from llo_dft.engines.vasp.inputs import (
    fingerprint_of,
    input_generator,
    mesh_of,
    ordered,
    poscar_structure,
    site_order,
)
from llo_dft.engines.vasp.protocols import VASP_PROTOCOLS, vasp_protocol

BALANCED = VASP_PROTOCOLS["balanced"]

#: What may differ between a relaxation and a single point: how ions move, and what is written.
NOT_ELECTRONIC = {
    *("IBRION", "NSW", "EDIFFG", "ISIF", "NEDOS", "LCHARG", "LAECHG", "LVHAR", "ICORELEVEL"),
    *("NGX", "NGY", "NGZ", "NGXF", "NGYF", "NGZF"),
}


def written(structure, kind, stage, protocol=BALANCED):
    """INCAR and the other files as pymatgen writes them."""
    structure = with_initial_moments(structure, protocol.magnetic_order)
    generator = input_generator(structure, kind, stage, protocol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        poscar = poscar_structure(structure, kind, protocol)
        return generator.get_input_set(poscar, potcar_spec=True)


@pytest.mark.parametrize("name", list(VASP_PROTOCOLS))
@pytest.mark.parametrize("overrides", [{}, {"functional": "r2SCAN"}, {"functional": "HSE06"}])
def test_relaxation_and_single_points_share_every_electronic_setting(plan, name, overrides):
    protocol = vasp_protocol(name, overrides)
    relax = written(plan.slab, "slab_relax", "relax", protocol)
    static = written(plan.slab, "static", "static", protocol)
    assert {k: v for k, v in relax["INCAR"].items() if k not in NOT_ELECTRONIC} == {
        k: v for k, v in static["INCAR"].items() if k not in NOT_ELECTRONIC
    }
    assert str(relax["KPOINTS"]) == str(static["KPOINTS"])
    assert str(relax["POTCAR.spec"]) == str(static["POTCAR.spec"])
    cell, energy = (
        written(plan.bulk, "bulk_relax", stage, protocol)["INCAR"]
        for stage in stages(plan.bulk, "bulk_relax")
    )
    apart = NOT_ELECTRONIC | {"ENCUT", "LREAL"}  # of the stress, which is no energy
    assert {k: v for k, v in cell.items() if k not in apart} == {
        k: v for k, v in energy.items() if k not in apart
    }
    assert energy["ENCUT"] == relax["INCAR"]["ENCUT"] == protocol.encut_ev


def test_all_cells_of_a_study_share_cutoff_functional_and_precision(plan):
    shared = ("ENCUT", "PREC", "EDIFF", "LASPH", "GGA", "ALGO")
    cells = [
        (plan.slab, "slab_relax"), (plan.bulk, "bulk_relax"), (o2_in_box(), "molecule_relax"),
        (plan.lithium_metal, "bulk_relax"),
    ]  # fmt: skip
    for protocol in VASP_PROTOCOLS.values():
        tags = [electronic_tags(cell, kind, protocol) for cell, kind in cells]
        for name in shared:
            assert len({tag[name] for tag in tags}) == 1


@pytest.mark.parametrize("name", list(VASP_PROTOCOLS))
def test_the_cell_moves_at_1_3_enmax_or_above_and_gives_its_energy_at_the_common_cutoff(plan, name):
    protocol = VASP_PROTOCOLS[name]
    moving = incar(plan.bulk, "bulk_relax", "cell", protocol)
    still = incar(plan.bulk, "bulk_relax", "energy", protocol)
    assert (moving["ISIF"], moving["NSW"] > 1) == (3, True)
    assert moving["ENCUT"] >= 1.3 * 499.034
    assert (still["NSW"], still["ENCUT"]) == (0, protocol.encut_ev)
    assert cell_cutoff(o2_in_box(), vasp_protocol("fast", {"encut_ev": 401})) == 520


def test_a_slab_keeps_its_cell_and_has_its_dipole_corrected_along_the_normal(plan):
    tags = incar(plan.slab, "slab_relax", "relax", BALANCED)
    assert tags["ISIF"] == 2
    assert (tags["LDIPOL"], tags["IDIPOL"]) == (True, 3)
    centre = np.average(
        plan.slab.frac_coords[:, 2], weights=[float(s.specie.atomic_mass) for s in plan.slab]
    )
    assert tags["DIPOL"][2] == pytest.approx(centre, abs=1e-5)
    assert (tags["ISMEAR"], tags["ISYM"]) == (0, 0)
    assert "LDIPOL" not in incar(plan.bulk, "bulk_relax", "cell", BALANCED)
    assert "ISYM" not in incar(plan.bulk, "bulk_relax", "cell", BALANCED)


def test_the_mesh_has_one_point_along_the_normal_and_is_finer_for_a_metal(plan):
    assert mesh_of(plan.slab, "slab_relax", BALANCED)[2] == 1
    bulk = mesh_of(plan.bulk, "bulk_relax", BALANCED)
    assert mesh_of(plan.slab, "static", BALANCED)[:2] == bulk[:2]
    lithium = plan.lithium_metal
    per_angstrom = (
        2 * np.pi / np.array(lithium.lattice.abc) / mesh_of(lithium, "bulk_relax", BALANCED)
    )
    assert per_angstrom.max() <= BALANCED.k_spacing / 2


def test_o2_is_a_triplet_at_gamma_with_next_to_no_smearing():
    files = written(o2_in_box(), "molecule_relax", "relax")
    tags = files["INCAR"]
    assert (tags["NUPDOWN"], tags["ISPIN"], tags["ISMEAR"]) == (2, 2, 0)
    assert tags["SIGMA"] <= 0.01
    assert list(tags["MAGMOM"]) == [1.0, 1.0]
    assert tuple(files["KPOINTS"].kpts[0]) == (1, 1, 1)
    assert not [tag for tag in tags if tag.startswith(("LDAU", "LDIPOL"))]


@pytest.mark.parametrize("unpaired", [1, 3, 14])
def test_an_o2_with_as_many_unpaired_electrons_is_refused(unpaired):
    protocol = vasp_protocol("fast", {"o2_unpaired_electrons": unpaired})
    with pytest.raises(EngineError, match=rf"= {unpaired}: O2 has 12 valence electrons; expected"):
        incar(o2_in_box(), "molecule_relax", "relax", protocol)


def test_lithium_metal_is_smeared_as_a_metal_and_has_no_spin(plan):
    tags = written(plan.lithium_metal, "bulk_relax", "cell")["INCAR"]
    assert (tags["ISMEAR"], tags["ISPIN"]) == (1, 1)
    assert "MAGMOM" not in tags


def test_u_acts_on_what_is_there_in_the_order_of_poscar(plan):
    files = written(plan.slab, "slab_relax", "relax")
    symbols = files["POSCAR"].site_symbols
    u = dict(zip(symbols, files["INCAR"]["LDAUU"], strict=True))
    assert u == {"Li": 0, "Mn": 3.9, "Co": 3.32, "Ni": 6.2, "O": 0}
    shells = dict(zip(symbols, files["INCAR"]["LDAUL"], strict=True))
    assert shells == {"Li": -1, "Mn": 2, "Co": 2, "Ni": 2, "O": -1}
    assert files["INCAR"]["LDAUTYPE"] == 2
    assert files["INCAR"]["LMAXMIX"] == 4


def test_a_coating_without_d_shells_mixes_as_the_interface_that_it_is_subtracted_from(coated_plan):
    one = coated_plan.interfaces[0]
    coating = only_part(one.structure, "coating")
    for kind, stage in (("slab_relax", "relax"), ("static", "static")):
        part, whole = (written(s, kind, stage)["INCAR"] for s in (coating, one.structure))
        assert part["LMAXMIX"] == whole["LMAXMIX"] == 4


def test_moments_follow_their_atoms_into_poscar(plan):
    shuffled = Structure.from_sites(
        [plan.slab[i] for i in np.random.default_rng(2).permutation(len(plan.slab))]
    )
    files = written(shuffled, "slab_relax", "relax")
    moments = zip(files["POSCAR"].structure, files["INCAR"]["MAGMOM"], strict=True)
    by_element = {(site.specie.symbol, moment) for site, moment in moments}
    assert by_element == {("Li", 0), ("Mn", 3), ("Co", 0.6), ("Ni", 2), ("O", 0)}


def test_the_order_of_poscar_is_a_permutation_that_groups_elements(plan):
    order = site_order(plan.slab)
    assert sorted(order) == list(range(len(plan.slab)))
    assert len(written(plan.slab, "static", "static")["POSCAR"].site_symbols) == 5
    assert ordered(ordered(plan.slab)) == ordered(plan.slab)


@pytest.mark.parametrize(("functional", "expected"), [
    ("r2SCAN", {"METAGGA": "R2SCAN", "ALGO": "All"}),
    ("HSE06", {"LHFCALC": True, "HFSCREEN": 0.2, "AEXX": 0.25, "ALGO": "All", "GGA": "PE"}),
])  # fmt: skip
def test_functionals_without_a_u(plan, functional, expected):
    tags = incar(
        plan.slab, "slab_relax", "relax", vasp_protocol("fast", {"functional": functional})
    )
    assert expected.items() <= tags.items()
    assert "LDAU" not in tags


def test_dispersion_comes_on_request_with_the_functionals_own_damping(plan):
    assert "IVDW" not in incar(plan.slab, "slab_relax", "relax", BALANCED)
    for functional, s8 in (("PBE+U", None), ("r2SCAN", 0.78981345), ("HSE06", 2.31)):
        protocol = vasp_protocol("fast", {"dispersion": "D3(BJ)", "functional": functional})
        tags = incar(plan.slab, "slab_relax", "relax", protocol)
        assert (tags["IVDW"], tags.get("VDW_S8")) == (12, s8)
        assert fingerprint_of(plan.slab, "slab_relax", protocol).dispersion == "D3(BJ)"


def test_a_cutoff_below_enmax_is_refused_with_the_pseudopotential(plan):
    low = vasp_protocol("balanced", {"encut_ev": 450})
    with pytest.raises(EngineError, match=r"encut_ev = 450 is below ENMAX = 499\.034 eV .* Li_sv"):
        incar(plan.slab, "slab_relax", "relax", low)
    incar(o2_in_box(), "molecule_relax", "relax", low)  # O needs 400


def test_all_energies_of_a_study_are_of_the_same_projectors(plan):
    host = plan.hosts[0]
    cells = [
        (plan.lithium_metal, "bulk_relax", "energy"),
        (plan.bulk, "bulk_relax", "energy"),
        (plan.slab, "slab_relax", "relax"),
        (plan.slab * (2, 2, 1), "slab_relax", "relax"),
        (plan.vacancy_structure(host, host.vacancies[0]), "static", "static"),
        (o2_in_box(), "molecule_relax", "relax"),
    ]
    for name, protocol in VASP_PROTOCOLS.items():
        found = {incar(*cell, protocol)["LREAL"] for cell in cells}
        assert found == ({False} if name == "stringent" else {"Auto"})
        # a stress is no energy
        assert incar(plan.bulk, "bulk_relax", "cell", protocol)["LREAL"] is False


def test_what_has_vacuum_converges_without_the_dipole_correction_first(plan):
    assert stages(plan.slab, "slab_relax") == (WITHOUT_DIPOLE, "relax")
    assert stages(plan.slab, "static") == (WITHOUT_DIPOLE, "static")
    assert stages(plan.bulk, "bulk_relax") == ("cell", "energy")
    assert stages(plan.bulk, "slab_relax") == ("relax",)
    assert stages(o2_in_box(), "molecule_relax") == ("relax",)
    for protocol in VASP_PROTOCOLS.values():
        first, then = (
            incar(plan.slab, "slab_relax", stage, protocol)
            for stage in stages(plan.slab, "slab_relax")
        )
        assert {"LDIPOL", "IDIPOL", "DIPOL"} == then.keys() - first.keys() - {"EDIFFG", "ISIF"}
        assert (first["NSW"], first["EDIFF"]) == (0, 1e-4)
        assert then["EDIFF"] == protocol.ediff_ev


def test_the_three_single_points_of_a_charge_difference_lie_on_one_grid(plan):
    whole = plan.slab
    lithium = [i for i, site in enumerate(whole) if site.specie.symbol == "Li"]
    parts = [whole.copy(), whole.copy(), whole.copy()]
    parts[1].remove_sites(lithium)
    parts[2].remove_sites([i for i in range(len(whole)) if i not in lithium])
    axes = ("NGX", "NGY", "NGZ")
    grids = [incar(part, "static", "static", BALANCED) for part in parts]
    assert len({tuple(tags[a] for a in axes) for tags in grids}) == 1
    assert tuple(grids[0][a] for a in axes) == fft_grid(whole.lattice.matrix, 650)
    assert all(tags[f"{a}F"] == 2 * tags[a] for tags in grids for a in axes)


def test_a_single_point_writes_what_is_analysed(plan):
    tags = incar(plan.slab, "static", "static", BALANCED)
    assert tags["LORBIT"] == 11
    assert all(tags[name] for name in ("LCHARG", "LAECHG", "LVHAR", "ICORELEVEL"))
    assert not incar(plan.slab, "slab_relax", "relax", BALANCED)["LCHARG"]


def test_held_layers_are_marked_in_poscar_for_slabs_only(plan):
    from llo_dft.builders.surface.slab import build_slab

    thick = build_slab(plan.bulk, tm_layers=3, vacuum=8.0, seed=0).structure
    protocol = vasp_protocol("fast", {"fixed_layers": 1})
    poscar = written(thick, "slab_relax", "relax", protocol)["POSCAR"]
    held = ~np.array(poscar.selective_dynamics).any(axis=1)
    heights = poscar.structure.frac_coords[:, 2] * poscar.structure.lattice.c
    assert 0 < held.sum() < len(thick) / 2
    assert np.abs(heights[held] - heights.mean()).max() < 1.5
    assert {"Li", "Mn", "O"} <= {
        site.specie.symbol for site, h in zip(poscar.structure, held, strict=True) if h
    }
    assert written(thick, "static", "static", protocol)["POSCAR"].selective_dynamics is None


def test_the_fingerprint_names_only_what_is_there(plan):
    oxygen = fingerprint_of(o2_in_box(), "molecule_relax", BALANCED)
    assert (oxygen.functional, oxygen.u_values_ev) == ("PBE", {})
    assert oxygen.pseudopotentials == {"O": "PAW_PBE O 08Apr2002"}
    slab = fingerprint_of(plan.slab, "slab_relax", BALANCED)
    assert slab.functional == "PBE+U"
    assert slab.u_values_ev == {"Mn": 3.9, "Ni": 6.2, "Co": 3.32}
    assert slab.cutoff_ev == oxygen.cutoff_ev == 650
