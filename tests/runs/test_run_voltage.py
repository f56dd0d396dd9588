from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.errors import InputError
from llo_dft.runs.run_voltage import voltage_runs
from llo_dft.testing import plain_run_writer as make
from llo_dft.testing.vasprun_writer import Run

if TYPE_CHECKING:
    from pathlib import Path

#: Of LiMnO2, Li0.5MnO2 and MnO2, eV per formula unit.
ENERGIES = {1.0: -24.0, 0.5: -21.5, 0.0: -18.5}
LI_EV = -1.9


def host(folder: Path, x: float, units: int, n_kpoints: int = 0, **fields: Any) -> Path:
    """So many formula units in a row along the first vector, of which each second one loses Li."""
    symbols = ("Li",) * round(x * units) + ("Mn",) * units + ("O",) * 2 * units
    lattice = np.diag([3.0 * units, 9.0, 9.0])
    # as dense along the row whatever its length
    fields["n_kpoints"] = n_kpoints or 8 // units
    run = Run(
        symbols=symbols, energies=(ENERGIES[x] * units,), entropy=0.0, lattice=lattice, **fields
    )
    return make.write(folder, make.with_electrons(run))


def test_hosts_of_other_numbers_of_formula_units_give_the_same_voltages(tmp_path: Path) -> None:
    """V = -[E(x1) - E(x2) - dx E(Li)] / dx per formula unit, whatever the cells are."""
    alike = [host(tmp_path / f"two{x}", x, 2) for x in ENERGIES]
    mixed = [
        host(tmp_path / f"mixed{x}", x, units) for x, units in zip(ENERGIES, (1, 4, 2), strict=True)
    ]
    expected = [LI_EV - (-24.0 + 21.5) / 0.5, LI_EV - (-21.5 + 18.5) / 0.5]
    for hosts in (alike, mixed):
        found = voltage_runs(hosts, li_energy_ev=LI_EV)
        (voltage,) = found.voltages
        curve = voltage.curve
        assert curve is not None
        # the second step lies above the first: a voltage never rises on discharge, so one step
        assert curve.average_v == pytest.approx(sum(expected) / 2)
        assert [point.lithium_fraction for point in curve.points] == [1.0, 0.5, 0.0]
        assert [step.voltage_v for step in curve.steps] == pytest.approx(expected)
    (note,) = [note for note in found.notes if "formula units" in note]
    assert note == "the cells hold 1, 4, 2 formula units: energies and Li are those of 4"
    assert [one.energy_ev for one in found.hosts] == [-24.0, -86.0, -37.0]  # as computed


def test_other_frameworks_are_refused(tmp_path: Path) -> None:
    one = host(tmp_path / "one", 1.0, 1)
    other = make.host(tmp_path / "other")
    with pytest.raises(
        InputError, match=r"only Li may differ between hosts, but .*one is Li1 Mn1 O2"
    ):
        voltage_runs([one, other], li_energy_ev=LI_EV)


def test_a_coarser_mesh_of_a_larger_cell_is_refused(tmp_path: Path) -> None:
    hosts = [host(tmp_path / "one", 1.0, 1), host(tmp_path / "two", 0.0, 2, n_kpoints=1)]
    with pytest.raises(ComparabilityError, match="k_spacing_per_angstrom"):
        voltage_runs(hosts, li_energy_ev=LI_EV)


def test_counts_of_li_belong_to_one_cell(tmp_path: Path) -> None:
    hosts = [host(tmp_path / "one", 1.0, 1), host(tmp_path / "two", 0.0, 2)]
    with pytest.raises(InputError, match="--lithium-full and --coating-li count Li of one cell"):
        voltage_runs(hosts, li_energy_ev=LI_EV, lithium_full=2)


def test_a_setting_that_forbids_nothing_is_named(tmp_path: Path) -> None:
    hosts = [
        host(tmp_path / "one", 1.0, 2),
        host(tmp_path / "two", 0.0, 2, settings={"ISYM": ("int", "     0")}),
    ]
    found = voltage_runs(hosts, li_energy_ev=LI_EV)
    assert f"{hosts[0]} and {hosts[1]}: ISYM: default and 0" in found.notes
    assert found.allowed_differences == []
