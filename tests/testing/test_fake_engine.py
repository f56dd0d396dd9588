"""The fake engine's energies are those that its module works out."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.testing.fake_engine import FakeEngine, fault_name, vacancy_minus_host_ev


def host() -> Structure:
    species = ["Li", "Li", "Mn", "O", "O", "O"]
    return Structure(Lattice.cubic(8.0), species, [[i / 6, i / 7, i / 8] for i in range(6)])


def test_an_oxygen_costs_its_atom_and_its_pairs_with_lithium(tmp_path):
    maker = FakeEngine().maker("slab_relax")
    vacancy = host()
    vacancy.remove_sites([5])
    energies = maker.energies_ev([host(), vacancy])
    assert energies[1] - energies[0] == pytest.approx(vacancy_minus_host_ev(2))
    # 4.9 eV for the O, and 0.1 eV for each of its two pairs
    assert energies[1] - energies[0] == pytest.approx(5.1)
    assert maker.calculate(host(), tmp_path).energy_ev == energies[0]


def test_it_fails_where_it_is_told_to_and_counts(tmp_path):
    name = fault_name("slab_relax", host())
    engine = FakeEngine(str(tmp_path / "count"), {name: "raise"})
    with pytest.raises(RuntimeError, match="on fire"):
        engine.maker("slab_relax").calculate(host(), tmp_path)
    assert engine.maker("bulk_relax").calculate(host(), tmp_path).n_steps == 1
    assert len((tmp_path / "count").read_text().splitlines()) == 2
