"""Stubs have what is read of a pseudopotential before a run, and nothing that is licensed."""

from __future__ import annotations

import pytest
from pymatgen.io.vasp.inputs import PotcarSingle

from llo_dft.engines.vasp.potcars import POTCARS
from llo_dft.testing import stub_potcars


@pytest.mark.filterwarnings("ignore:POTCAR data")
def test_pymatgen_finds_title_valence_and_cutoff(tmp_path, monkeypatch):
    stub_potcars.use(stub_potcars.install(tmp_path), monkeypatch)
    potcar = PotcarSingle.from_symbol_and_functional("Mn_pv", "PBE_54")
    assert POTCARS["Mn"].title == potcar.TITEL
    assert potcar.nelectrons == 13
    assert potcar.enmax == 269.864
