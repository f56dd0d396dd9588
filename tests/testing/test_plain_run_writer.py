"""The runs are read back with the numbers that they were made of."""

from __future__ import annotations

import pytest

from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.testing import plain_run_writer as make


def test_a_vacancy_is_its_host_without_the_atoms_that_are_named(tmp_path):
    host = read_plain_run(make.host(tmp_path / "host", -81.5))
    vacancy = read_plain_run(make.vacancy(tmp_path / "vacancy", removed=(8, 11)))
    assert host.calculation.energy_ev == -81.5
    kept = [i for i in range(12) if i not in (8, 11)]
    assert vacancy.structure.cart_coords == pytest.approx(host.structure.cart_coords[kept])
    assert {make.HOST[8], make.HOST[11]} == {"O"}


def test_fewer_lithium_are_the_last_ones_less(tmp_path):
    run = read_plain_run(make.host(tmp_path / "host", n_li=1))
    assert run.structure.formula == "Li1 Mn2 O6"


def test_text_that_is_not_there_can_not_be_replaced(tmp_path):
    with pytest.raises(AssertionError, match="no such text"):
        make.host(tmp_path / "host", replace=("no such text", ""))
