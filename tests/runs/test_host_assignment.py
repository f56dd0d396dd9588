"""What plain runs are to each other: fractions, frameworks, the host of each vacancy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.errors import InputError
from llo_dft.runs.host_assignment import (
    check_one_framework,
    formula_units,
    fractions_of,
    host_of,
    lithium_fractions,
    system_of,
)
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.testing import plain_run_writer as make

if TYPE_CHECKING:
    from pathlib import Path


def cell(n_li: int, n_former: int = 0) -> Structure:
    symbols = ["Li"] * n_li + ["Mn"] * 2 + ["O"] * 6 + ["P"] * n_former
    return Structure(Lattice.cubic(9), symbols, np.random.default_rng(0).random((len(symbols), 3)))


def test_lithium_fractions_are_those_of_the_oxide() -> None:
    assert lithium_fractions([cell(4), cell(1)], None, 0) == [1.0, 0.25]
    assert lithium_fractions([cell(4), cell(4)], None, 0) == [None, None]
    assert lithium_fractions([cell(4)], 4, 0) == [1.0]
    # 3 Li of the coating in each coated cell never count; bare cells have none
    both = [cell(4), cell(2), cell(7, 1), cell(5, 1)]
    assert lithium_fractions(both, None, 3) == [1.0, 0.5, 1.0, 0.5]
    assert lithium_fractions([cell(4, 1), cell(3, 1)], None, 3) == [1.0, 0.0]
    # of a coating without formers (Al2O3, LiNbO3) only its Li is known
    assert lithium_fractions([cell(7), cell(5)], None, 3) == [1.0, 0.5]
    # a coated oxide that lost one of its Li for charge lacks it; full is the bare cell's
    lost = [cell(4), cell(2), cell(6, 1), cell(5, 1)]
    assert lithium_fractions(lost, None, 3) == [1.0, 0.5, 0.75, 0.5]
    assert lithium_fractions([cell(2), cell(5, 1)], 4, 3) == [0.5, 0.5]
    # of another size it is counted by its own
    sizes = [cell(2), cell(1), cell(7, 1), cell(5, 1)]
    assert lithium_fractions(sizes, None, 3) == [1.0, 0.5, 1.0, 0.5]


@pytest.mark.parametrize(
    ("structures", "full", "coating", "text"),
    [
        ([cell(5)], 4, 0, r"a bare host has 5 Li; expected 0 \(its coating's\) to 4"),
        ([cell(2, 1), cell(5, 1)], None, 3, r"a coated host has 2 Li; expected 3 .* to 5"),
        ([cell(3, 1)], 3, 3, "a coated host has 3 Li; expected 3"),
    ],
)
def test_lithium_that_can_not_be(
    structures: list[Structure], full: int | None, coating: int, text: str
) -> None:
    with pytest.raises(InputError, match=text):
        lithium_fractions(structures, full, coating)


def test_lithium_of_a_coating_that_its_elements_do_not_tell(tmp_path: Path) -> None:
    """A coating of metals looks like the oxide, so the option is the user's word for it."""
    runs = [read_plain_run(make.host(tmp_path / f"{n}", n_li=n)) for n in (4, 2)]
    assert fractions_of(runs, None, 1) == [1.0, 1 / 3]
    with pytest.raises(InputError, match="a bare host has 4 Li; expected 9"):
        fractions_of(runs, None, 9)


def test_a_host_that_can_not_be_read_may_be_the_fullest(tmp_path: Path) -> None:
    runs = [read_plain_run(make.host(tmp_path / f"{n}", n_li=n)) for n in (3, 1)]
    (tmp_path / "4").mkdir()
    runs.append(read_plain_run(tmp_path / "4"))
    assert fractions_of(runs[:2], None, 0) == [1.0, 1 / 3]
    assert fractions_of(runs, None, 0) == [None] * 3
    assert fractions_of(runs, 4, 0) == [0.75, 0.25, None]
    loose = read_plain_run(make.host(tmp_path / "loose", settings=make.NOT_CONVERGED))
    assert fractions_of([*runs[:2], loose], None, 0) == [0.75, 0.25, 1.0]


def test_hosts_of_one_system_share_their_framework(tmp_path: Path) -> None:
    first = read_plain_run(make.host(tmp_path / "first"))
    second = read_plain_run(make.host(tmp_path / "second", n_li=2))
    check_one_framework([first, second])
    other = read_plain_run(make.vacancy(tmp_path / "other"))
    with pytest.raises(InputError, match=r"first is Li4 Mn2 O6 and .*other is Li4 Mn2 O5"):
        check_one_framework([first, second, other])


def test_a_vacancy_far_from_both_of_two_orderings_is_refused(tmp_path: Path) -> None:
    hosts = [
        read_plain_run(make.write(tmp_path / name, make.cell_run(-68.0, gone)))
        for name, gone in (("a", (0, 1)), ("b", (2, 3)))
    ]
    vacancy = read_plain_run(make.write(tmp_path / "v", make.cell_run(-60.0, (0, 2, 8))))
    with pytest.raises(InputError, match="and the atoms of none of them"):
        host_of(vacancy, hosts)
    assert host_of(vacancy, hosts[:1]) is hosts[0]


def test_a_host_with_a_former_is_coated_and_li_counts_in_no_formula_unit() -> None:
    assert (system_of(cell(4)), system_of(cell(7, 1))) == ("bare", "coated")
    assert formula_units(cell(4)) == formula_units(cell(1)) == 2
    assert formula_units(cell(4, 1)) == 1


def test_of_two_hosts_of_one_composition_the_atoms_decide(tmp_path: Path) -> None:
    hosts = [
        read_plain_run(make.write(tmp_path / name, make.cell_run(-68.0, gone)))
        for name, gone in (("a", (0, 1)), ("b", (2, 3)))
    ]
    for host, gone in zip(hosts, ((0, 1), (2, 3)), strict=True):
        folder = tmp_path / f"v{gone[0]}"
        vacancy = read_plain_run(make.write(folder, make.cell_run(-60.0, (*gone, 8), shift=0.1)))
        assert host_of(vacancy, hosts) is host


def test_a_vacancy_of_no_host_is_refused_with_all_compositions(tmp_path: Path) -> None:
    host = read_plain_run(make.host(tmp_path / "host"))
    other = read_plain_run(make.write(tmp_path / "other", make.cell_run(-60.0, (4, 8))))
    with pytest.raises(InputError, match=r"other is Li4 Mn1 O5, and the host is .*host Li4 Mn2 O6"):
        host_of(other, [host])
    (tmp_path / "torn").mkdir()
    torn = read_plain_run(tmp_path / "torn")
    assert host_of(other, [host, torn]) is None  # it may be that one's
