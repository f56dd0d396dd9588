"""One termination: which candidate, what it is made of, and energies that may be compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_results import made_potential
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.interface.interface_result import InterfaceCalculations, interface_result
from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.documents.atom_identity import with_bare_sites
from llo_dft.documents.calculation import not_computed
from llo_dft.documents.plan import PlannedInterface
from llo_dft.documents.sites import InterfaceBond

#: 1 eV in this cell is 1 J/m^2.
LATTICE = Lattice.orthorhombic(16.02176634, 1.0, 30.0)

#: Bare slab Li4 Mn2 O6 less the two Li that left for charge, and a coating Li P O3 on it.
OXIDE = ["Li"] * 2 + ["Mn"] * 2 + ["O"] * 6
COATING = ["Li", "P", "O", "O", "O"]
BARE_SITES = [0, 1, *range(4, 12), *[-1] * 5]
BOND = InterfaceBond(former=11, oxygen=7, length_angstrom=1.6)


def atoms(symbols: list[str], lattice: Lattice = LATTICE) -> Structure:
    places = [[0.0, 0.0, i / len(symbols)] for i in range(len(symbols))]
    made = Structure(lattice, symbols, places)
    return with_bare_sites(made, BARE_SITES) if len(symbols) == len(BARE_SITES) else made


def planned(rank: int, **changes: Any) -> PlannedInterface:
    fields = {
        "termination": "step",
        "rank": rank,
        "score": 0.2,
        "structure": atoms(OXIDE + COATING),
        "registry": (0.25 * rank, 0.0),
        "gap": 1.6 + 0.2 * rank,
        "coating_strain": (0.01 * (1 + rank), -0.02),
        "von_mises_strain": 0.02,
        "coating_vectors": ((1, 0, 0), (0, 0, 1)),
        "coating_charge": 0,
        "film_cells": 1,
        "film_formula": "LiPO3",
        "film_is_stoichiometric": False,
        "li_removed_for_charge": 2,
        "bonds": [],
    }
    return PlannedInterface(**(fields | changes))


@pytest.fixture
def make(make_calculation: Any) -> Any:
    """Make a document of some atoms; its fingerprint is that of all others here."""

    def made(symbols: list[str], energy_ev: float = 0.0, **fields: Any) -> Any:
        structure = atoms(symbols, fields.pop("lattice", LATTICE))
        base = {"structure": structure, "initial_structure": structure, "key": "k"}
        return make_calculation(symbols, energy_ev, **(base | fields))

    return made


@pytest.fixture
def failed(make_calculation: Any) -> Any:
    return make_calculation(
        label="interface_step_0", status="failed", reason="no power", energy_ev=None, structure=None
    )


@pytest.fixture
def calculations(make: Any) -> dict[str, Any]:
    """Two candidates, the second 1 eV lower."""
    candidates = [make(OXIDE + COATING, energy, label=f"{energy}") for energy in (-99.0, -100.0)]
    return {
        "planned": [planned(0), planned(1)],
        "candidates": candidates,
        "best": candidates[1],
        "bonds": [BOND],
        "bare": make(["Li"] * 4 + OXIDE[2:], -60.0, lattice=Lattice.orthorhombic(16.0, 1.0, 20.0)),
        "oxide": make(OXIDE, -55.0),
        "coating": make(COATING, -43.5),
        "crystal": make(["Li", "Li", "Li", "P", "O", "O", "O", "O"] * 2, -80.0),
        "lithium": make(["Li", "Li"], -3.8),
    }


def reservoir(mu_ev: float | None = -5.0) -> OxygenReservoir:
    chosen = None if mu_ev is None else made_potential(mu_ev)
    return OxygenReservoir(chosen, {}, {}, "")


def result_of(
    calculations: dict[str, Any], mu_ev: float | None = -5.0, voltage: float | None = 3.0
):
    return interface_result(InterfaceCalculations(**calculations), reservoir(mu_ev), voltage)


def test_what_was_found_of_the_best_candidate(calculations: dict[str, Any]) -> None:
    found = result_of(calculations)
    assert (found.termination, found.status, found.reason, found.rank) == (
        "step",
        "completed",
        None,
        1,
    )
    assert [(one.rank, one.energy_ev) for one in found.candidates] == [(0, -99.0), (1, -100.0)]
    assert [(one.registry, one.gap_angstrom) for one in found.candidates] == [
        ((0.0, 0.0), 1.6),
        ((0.25, 0.0), 1.8),
    ]
    assert found.coating_strain == (0.02, -0.02)  # that of the second
    assert found.bonds == [BOND]
    assert found.film_formula == "Li1O3P1"
    assert (found.film_is_stoichiometric, found.li_removed_for_charge) == (False, 2)
    assert found.area_angstrom2 == pytest.approx(16.02176634)
    assert found.flags == []


def test_its_energies_by_hand(calculations: dict[str, Any]) -> None:
    energy = result_of(calculations).energy
    assert energy.work_of_adhesion_j_per_m2 == pytest.approx(-55.0 - 43.5 + 100.0)
    # LiPO3 is Li3PO4 less two Li and an O; two more Li left for charge
    assert (energy.excess_li, energy.excess_o) == (-4, -1)
    # a Li is worth -1.9 - 3 eV at 3 V, Li3PO4 -40 eV
    by_hand = -100.0 - (-60.0 - 40.0 - 4 * (-1.9 - 3.0) - 1 * -5.0)
    assert energy.coating_energy_j_per_m2 == pytest.approx(by_hand)
    assert energy.voltage_v == 3.0


def test_parts_with_a_charge_have_no_work_of_adhesion(calculations: dict[str, Any]) -> None:
    changes: dict[str, Any] = {"oxide": None, "coating": None}
    changes["planned"] = [planned(0, coating_charge=2), planned(1, coating_charge=2)]
    energy = result_of(calculations | changes).energy
    assert energy.coating_charge_e == 2
    assert energy.work_of_adhesion_j_per_m2 is None
    assert energy.reason == "no work of adhesion: the parts have formal charges"
    assert energy.coating_energy_j_per_m2 == result_of(calculations).energy.coating_energy_j_per_m2


def test_the_strain_is_measured_against_the_relaxed_crystal(
    calculations: dict[str, Any], make: Any
) -> None:
    # the interface is 16.02176634 by 1 A; the crystal's a and c become 16 and 1.02 A
    relaxed = Lattice.orthorhombic(16.0, 7.0, 1.02)
    calculations["crystal"] = make(["Li"] * 3 + ["P"] + ["O"] * 4, -40.0, lattice=relaxed)
    found = result_of(calculations)
    along_a, along_c = 16.02176634 / 16.0 - 1, 1 / 1.02 - 1
    assert found.relaxed_coating_strain == pytest.approx((along_a, along_c), abs=1e-12)
    von_mises = 2 / 3 * np.sqrt(along_a**2 + along_c**2 - along_a * along_c)
    assert found.relaxed_von_mises_strain == pytest.approx(von_mises)
    assert (found.coating_strain, found.von_mises_strain) == ((0.02, -0.02), 0.02)
    calculations["crystal"] = None
    assert result_of(calculations).relaxed_coating_strain is None


def test_without_mu_o_or_a_voltage_it_is_said(calculations: dict[str, Any]) -> None:
    energy = result_of(calculations, mu_ev=None, voltage=None).energy
    assert energy.coating_energy_j_per_m2 is None
    assert energy.reason == "coating energy: missing the voltage, mu_O"
    assert energy.work_of_adhesion_j_per_m2 is not None


def test_what_the_relaxation_rebuilt_is_flagged(calculations: dict[str, Any]) -> None:
    best = calculations["best"]
    relaxed = best.structure.copy()
    relaxed.translate_sites([0], [0, 0, 2.5], frac_coords=False)
    calculations["best"] = best.model_copy(update={"structure": relaxed})
    calculations["candidates"][1] = calculations["best"]
    assert result_of(calculations).flags == ["moved: Li0 2.50 A"]


@pytest.mark.parametrize("other", ["bare", "oxide", "coating", "crystal", "lithium"])
def test_energies_of_other_settings_are_not_subtracted(
    calculations: dict[str, Any], other: str
) -> None:
    one = calculations[other]
    assert one.fingerprint is not None
    changed = one.fingerprint.model_copy(update={"functional": "HSE06"})
    calculations[other] = one.model_copy(update={"fingerprint": changed})
    energy = result_of(calculations).energy
    assert energy.work_of_adhesion_j_per_m2 is None
    assert energy.coating_energy_j_per_m2 is None
    assert "HSE06" in str(energy.reason)
    assert "PBE" in str(energy.reason)


def test_k_points_of_cells_of_other_shapes_are_not_equally_far_apart(
    calculations: dict[str, Any],
) -> None:
    expected = result_of(calculations).energy
    names = ["best", "bare", "oxide", "coating", "crystal", "lithium"]
    spacings = dict.fromkeys(names, 0.25) | {"bare": 0.31, "crystal": 0.24, "lithium": 0.12}
    for name, spacing in spacings.items():
        one = calculations[name]
        changed = one.fingerprint.model_copy(update={"k_spacing_per_angstrom": spacing})
        calculations[name] = one.model_copy(update={"fingerprint": changed})
    assert expected.work_of_adhesion_j_per_m2 is not None
    assert expected.coating_energy_j_per_m2 is not None
    assert result_of(calculations).energy == expected
    changed = calculations["oxide"].fingerprint.model_copy(update={"k_spacing_per_angstrom": 0.3})
    calculations["oxide"] = calculations["oxide"].model_copy(update={"fingerprint": changed})
    assert "k_spacing_per_angstrom: 0.25 and 0.3" in str(result_of(calculations).energy.reason)


@pytest.mark.parametrize("part", ["oxide", "coating"])
def test_a_part_in_another_cell_is_not_subtracted(
    calculations: dict[str, Any], make: Any, part: str
) -> None:
    symbols = {"oxide": OXIDE, "coating": COATING}[part]
    calculations[part] = make(symbols, -1.0, lattice=Lattice.orthorhombic(16.0, 1.0, 30.0))
    energy = result_of(calculations).energy
    assert energy.work_of_adhesion_j_per_m2 is None
    assert "cell: 16.0218 x 1.0000 x 30.0000 A" in str(energy.reason)


def test_a_termination_of_which_nothing_completed(
    calculations: dict[str, Any], failed: Any
) -> None:
    gone = not_computed("gone", "missing", "no result")
    calculations |= {"candidates": [failed, gone], "best": failed, "bonds": []}
    calculations |= {"oxide": gone, "coating": gone}
    found = result_of(calculations)
    assert (found.status, found.reason, found.rank) == ("failed", "no power", None)
    assert [(one.status, one.reason) for one in found.candidates] == [
        ("failed", "no power"),
        ("missing", "no result"),
    ]
    assert found.area_angstrom2 is None
    assert found.flags == []
    assert found.energy.reason == "the interface has no energy"
    assert (found.energy.excess_li, found.energy.excess_o) == (-4, -1)


def test_a_termination_of_which_every_job_broke_down(calculations: dict[str, Any]) -> None:
    gone = not_computed("gone", "missing", "no candidate left a result")
    calculations |= {"candidates": [gone, gone], "best": gone, "bonds": []}
    found = result_of(calculations)
    assert (found.status, found.reason) == ("missing", "no candidate left a result")
    assert found.energy.reason == "the interface has no energy"


@pytest.mark.parametrize(
    ("name", "named"),
    [("bare", "the bare slab"), ("crystal", "the coating's crystal"), ("lithium", "Li metal")],
)
def test_what_failed_is_named_and_the_adhesion_stays(
    calculations: dict[str, Any], failed: Any, name: str, named: str
) -> None:
    begun = {"initial_structure": calculations[name].initial_structure}
    calculations[name] = failed.model_copy(update=begun)
    energy = result_of(calculations).energy
    assert energy.coating_energy_j_per_m2 is None
    assert energy.reason == f"coating energy: missing {named}"
    assert energy.work_of_adhesion_j_per_m2 == pytest.approx(1.5)


@pytest.mark.parametrize("part", ["oxide", "coating"])
def test_a_part_without_an_energy_takes_the_adhesion_alone(
    calculations: dict[str, Any], failed: Any, part: str
) -> None:
    expected = result_of(calculations).energy.coating_energy_j_per_m2
    calculations[part] = failed
    energy = result_of(calculations).energy
    assert energy.work_of_adhesion_j_per_m2 is None
    assert energy.coating_energy_j_per_m2 == expected
    assert energy.reason == "work of adhesion: a part has no energy"


def test_reservoirs_that_nothing_is_counted_against_need_not_be_known(
    calculations: dict[str, Any], make: Any, failed: Any
) -> None:
    calculations["crystal"] = make(["Li", "P", "O", "O", "O"] * 2, -80.0)  # the film's own
    calculations["planned"] = [planned(rank, li_removed_for_charge=0) for rank in (0, 1)]
    calculations["lithium"] = failed
    for voltage in (None, 3.0):
        energy = result_of(calculations, mu_ev=None, voltage=voltage).energy
        assert energy.coating_energy_j_per_m2 == pytest.approx(-100.0 + 60.0 + 40.0)
        assert (energy.voltage_v, energy.reason) == (None, None)
    calculations["crystal"] = make(["Li", "P", "O", "O", "O", "F"] * 2, -80.0)
    reason = result_of(calculations).energy.reason
    assert reason == "coating energy: missing a reservoir of F"


def test_a_larger_cell_of_the_crystal_is_the_same(calculations: dict[str, Any], make: Any) -> None:
    once = result_of(calculations).energy.coating_energy_j_per_m2
    calculations["crystal"] = make(["Li", "Li", "Li", "P", "O", "O", "O", "O"] * 4, -160.0)
    calculations["lithium"] = make(["Li"], -1.9)
    assert once is not None
    assert np.isclose(result_of(calculations).energy.coating_energy_j_per_m2, once)
