from dataclasses import dataclass

import pytest

from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.jobs.starts import starts
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
