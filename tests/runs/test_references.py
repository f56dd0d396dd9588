"""The energies that removed atoms go to: from a run of O2 or Li metal, or as given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from llo_dft.errors import InputError
from llo_dft.runs.references import lithium_reference, oxygen_reference
from llo_dft.testing import plain_run_writer as make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llo_dft.runs.references import Reference

    Refer = Callable[[Path | None, float | None], Reference]


def test_o2_is_given_per_molecule_and_li_per_atom() -> None:
    oxygen, lithium = oxygen_reference(None, -9.8), lithium_reference(None, -1.9)
    assert (oxygen.energy_ev_per_atom, lithium.energy_ev_per_atom) == (-4.9, -1.9)
    assert oxygen.run is None
    assert "its settings can't be compared with the hosts'" in oxygen.notes[0]
    assert len(oxygen.notes) == len(lithium.notes) == 1


@pytest.mark.parametrize(
    ("refer", "energy_ev", "note"),
    [
        (oxygen_reference, -4.9, "is high for O2: --o2-energy is eV per molecule"),
        (lithium_reference, -3.8, "is low for Li: --li-energy is eV per atom"),
    ],
)
def test_an_energy_of_half_or_double_as_many_atoms_is_doubted(
    refer: Refer, energy_ev: float, note: str
) -> None:
    assert note in refer(None, energy_ev).notes[-1]


@pytest.mark.parametrize("refer", [oxygen_reference, lithium_reference])
@pytest.mark.parametrize("energy_ev", [0.0, 4.9, float("nan"), float("-inf")])
def test_an_energy_that_nothing_has_is_refused(refer: Refer, energy_ev: float) -> None:
    with pytest.raises(InputError, match=r"-energy must be a negative number of eV, got"):
        refer(None, energy_ev)


@pytest.mark.parametrize(
    ("refer", "option"), [(oxygen_reference, "--o2"), (lithium_reference, "--li")]
)
def test_exactly_one_of_run_and_energy(refer: Refer, option: str, tmp_path: Path) -> None:
    expected = f"comes from {option} or {option}-energy; "
    with pytest.raises(InputError, match=f"{expected}neither was given"):
        refer(None, None)
    with pytest.raises(InputError, match=f"{expected}both were given"):
        refer(tmp_path, -9.8)


def test_runs_give_their_energy_per_atom(tmp_path: Path) -> None:
    oxygen = oxygen_reference(make.oxygen(tmp_path / "o2"), None)
    assert oxygen.energy_ev_per_atom == pytest.approx(make.O2_EV / 2)
    assert oxygen.source == f"O2 in {oxygen.run.path}"
    assert oxygen.notes == []
    lithium = lithium_reference(make.lithium(tmp_path / "li"), None)
    assert lithium.energy_ev_per_atom == pytest.approx(make.LI_EV)


def test_what_is_no_molecule_and_no_metal_is_refused(tmp_path: Path) -> None:
    apart = make.oxygen(tmp_path / "apart", bond=2.4)
    with pytest.raises(
        InputError, match=r"the two O are 2\.400 A apart; expected a molecule of O2"
    ):
        oxygen_reference(apart, None)
    host = make.host(tmp_path / "host")
    with pytest.raises(InputError, match="expected one O2 molecule, got Li4 Mn2 O6"):
        oxygen_reference(host, None)
    with pytest.raises(InputError, match="expected Li metal, got Li4 Mn2 O6"):
        lithium_reference(host, None)


def test_a_run_that_did_not_converge_has_no_energy_and_a_reason(tmp_path: Path) -> None:
    found = oxygen_reference(make.oxygen(tmp_path / "o2", settings=make.NOT_CONVERGED), None)
    assert found.energy_ev_per_atom is None
    assert re.search("not converged", str(found.run.record().reason))


def test_without_spins_the_moment_of_o2_is_not_known(tmp_path: Path) -> None:
    found = oxygen_reference(make.oxygen(tmp_path / "o2", spins=1), None)
    assert found.energy_ev_per_atom is not None
    assert found.notes == [
        f"{found.run.path}: no occupations of two spins, so the moment of O2 is unknown"
    ]
