from dataclasses import dataclass

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.builders.rebonding import APPROACH
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.documents.atom_identity import COATING, with_bare_sites, without_atoms
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.jobs.starts import starting_geometries, starts
from llo_dft.testing.fake_engine import FakeCalculation


@dataclass
class Magnetic(FakeCalculation):
    magnetic_order: str = "lower"
    electron_placements: int = 2

    def calculate(self, structure, folder, start_from=None):
        raise NotImplementedError


def finished(structure, moments):
    return CalculationDocument(
        key="host",
        label="host",
        kind="slab_relax",
        status="completed",
        fingerprint=FakeCalculation("slab_relax").fingerprint(structure),
        protocol="fast",
        energy_ev=-1.0,
        initial_structure=structure.copy(site_properties={"magmom": moments}),
        structure=structure,
        magmoms_mu_b=moments,
    )


def on_its_o(height):
    """P of a coating above the first of two O of an oxide, with Mn below."""
    coords = [[0, 0, 4], [2.8, 0, 4], [1.4, 0, 2.8], [0, 0, 4 + height]]
    made = Structure(
        Lattice.orthorhombic(8, 9, 12), ["O", "O", "Mn", "P"], coords, coords_are_cartesian=True
    )
    return with_bare_sites(made, [0, 1, 2, COATING])


def test_a_former_that_lost_its_o_begins_in_two_places_with_the_same_moments(tmp_path):
    host = finished(on_its_o(1.6), [0.0, 0.1, 3.0, 0.2])
    vacancy = without_atoms(host.structure, [0])
    maker = Magnetic("slab_relax", electron_placements=0)
    found = starting_geometries(vacancy, maker, host)
    assert [one.name for one in found] == ["as removed", "P moved to O1"]
    assert found[0].structure is vacancy
    (start,) = starts(vacancy, maker, host, tmp_path)
    removed, moved = start.in_each(found)
    assert removed.structure.cart_coords == pytest.approx(vacancy.cart_coords)
    assert moved.structure.get_distance(0, 2) == pytest.approx(APPROACH * 1.6)
    assert moved.structure.site_properties["magmom"] == [0.1, 3.0, 0.2]
    assert (moved.name, moved.electrons, moved.parent) == (
        "P moved to O1, as in the host",
        start.electrons,
        "host",
    )


@pytest.mark.parametrize("cheap", [True, False])
def test_dft_alone_begins_only_where_no_lithium_is_crowded(cheap):
    crowded = on_its_o(1.6)
    moved = starting_geometries(without_atoms(crowded, [0]), FakeCalculation("slab_relax"), None)
    assert len(moved) == 1, "there is no host"
    crowded.append("Li", [1.9, 0.9, 5.2], coords_are_cartesian=True)
    host = finished(with_bare_sites(crowded, [0, 1, 2, COATING, 3]), [0.0] * 5)
    maker = FakeCalculation("slab_relax") if cheap else Magnetic("slab_relax")
    found = starting_geometries(without_atoms(host.structure, [0]), maker, host)
    left = ["P moved to O1"] if cheap else []
    assert [one.name for one in found] == ["as removed", *left, "P moved to O1 with Li pushed away"]


def test_where_no_former_lost_its_o_there_is_one_place(tmp_path):
    host = finished(on_its_o(2.2), [0.0] * 4)
    vacancy = without_atoms(host.structure, [0])
    for parent in (host, None, host.model_copy(update={"structure": None})):
        maker = FakeCalculation("slab_relax")
        (only,) = starting_geometries(vacancy, maker, parent)
        (start,) = starts(vacancy, maker, parent, tmp_path)
        assert start.in_each([only]) == [start]


def test_an_engine_without_moments_has_one_start_and_needs_no_parent(plan, tmp_path):
    (only,) = starts(plan.slab, FakeCalculation("slab_relax"), None, tmp_path)
    assert only.structure is plan.slab
    assert (only.electrons, only.parent) == (None, "")


def test_a_molecule_keeps_the_moments_that_it_brings(tmp_path):
    (only,) = starts(o2_in_box(), Magnetic("molecule_relax"), None, tmp_path)
    assert only.structure.site_properties["magmom"] == [1.0, 1.0]


@pytest.mark.parametrize("kind", ["bulk_relax", "static"])
def test_only_a_slab_compares_magnetic_orders(plan, tmp_path, kind):
    (only,) = starts(plan.slab, Magnetic(kind), None, tmp_path)
    assert min(only.structure.site_properties["magmom"]) == 0.0
    assert [one.name for one in starts(plan.slab, Magnetic("slab_relax"), None, tmp_path)] == [
        "ferro",
        "rows",
    ]


def test_an_order_that_was_asked_for_is_not_compared(plan, tmp_path):
    maker = Magnetic("slab_relax", magnetic_order="rows")
    (only,) = starts(plan.slab, maker, None, tmp_path)
    moments = only.structure.site_properties["magmom"]
    assert min(moments) < 0 < max(moments)


def test_a_static_point_of_a_host_begins_with_all_of_its_electrons(plan, tmp_path):
    moments = [0.1 * i for i in range(len(plan.slab))]
    host = finished(plan.slab, moments)
    (only,) = starts(plan.slab, Magnetic("static"), host, tmp_path)
    assert only.structure.site_properties["magmom"] == moments
    assert (only.electrons.folder, only.electrons.density) == (tmp_path / "host", True)


def test_what_lacks_more_than_oxygen_begins_with_formal_moments(plan, tmp_path):
    rows = starts(plan.slab, Magnetic("slab_relax"), None, tmp_path)[1]
    signs = rows.structure.site_properties["magmom"]
    host = finished(plan.slab, signs)
    charged = plan.slab.copy()
    lithium = charged.indices_from_symbol("Li")[0]
    charged.remove_sites([lithium])
    (only,) = starts(charged, Magnetic("slab_relax"), host, tmp_path)
    assert only.electrons is None
    metals = [i for i, site in enumerate(charged) if site.specie.symbol in {"Mn", "Ni"}]
    began = [signs[i] for i in range(len(plan.slab)) if i != lithium]
    made = only.structure.site_properties["magmom"]
    assert [made[i] > 0 for i in metals] == [began[i] > 0 for i in metals]


def test_an_oxygen_put_back_is_no_vacancy(plan, tmp_path):
    vacancy = plan.slab.copy()
    vacancy.remove_sites([vacancy.indices_from_symbol("O")[0]])
    parent = finished(vacancy, [1.0] * len(vacancy))
    (only,) = starts(plan.slab, Magnetic("slab_relax"), parent, tmp_path)
    assert only.electrons is None


def test_a_parent_without_moments_gives_only_its_order(plan, tmp_path):
    host = finished(plan.slab, [1.0] * len(plan.slab)).model_copy(update={"magmoms_mu_b": None})
    (only,) = starts(plan.slab, Magnetic("slab_relax"), host, tmp_path)
    assert only.electrons is None
