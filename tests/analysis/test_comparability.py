from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymatgen.core import Lattice

from llo_dft.analysis.comparability import (
    CELL_LENGTH_TOLERANCE_ANGSTROM,
    ComparabilityError,
    check_comparable,
)

if TYPE_CHECKING:
    from analysis.conftest import MakeCalculation


def cell(a: float = 10.0, angle: float = 90.0) -> Lattice:
    return Lattice.from_parameters(a, 6.0, 20.0, 90, 90, angle)


def test_equal_settings_pass(make_calculation: MakeCalculation) -> None:
    check_comparable(make_calculation(), make_calculation(energy_ev=-12.0, label="vacancy"))


def test_pbe_u_minus_hse06_is_refused_with_both(make_calculation: MakeCalculation) -> None:
    hse = make_calculation(label="vacancy", settings={"functional": "HSE06", "u_values_ev": {}})
    with pytest.raises(ComparabilityError, match="functional") as error:
        check_comparable(make_calculation(), hse)
    assert "'host' and 'vacancy' can't be subtracted" in str(error.value)
    assert "functional: 'PBE+U' and 'HSE06'" in str(error.value)
    assert "u_values_ev[Mn]: 3.9 and 0.0" in str(error.value)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("engine", "gpaw", "engine: 'vasp' and 'gpaw'"),
        ("engine_version", "6.5.0", r"engine_version: '6\.4\.2' and '6\.5\.0'"),
        ("model", "0.3.0", r"model: '' and '0\.3\.0'"),
        ("pseudopotentials", {"O": "O_s"}, r"pseudopotentials\[O\]: 'none' and 'O_s'"),
        ("cutoff_ev", 400.0, r"cutoff_ev: 520\.0 and 400\.0"),
        ("k_spacing_per_angstrom", 0.2, r"k_spacing_per_angstrom: None and 0\.2"),
        ("dispersion", "D3(BJ)", r"dispersion: '' and 'D3\(BJ\)'"),
        ("u_values_ev", {"Mn": 4.0}, r"u_values_ev\[Mn\]: 3\.9 and 4\.0"),
    ],
)
def test_each_field_of_the_fingerprint(
    make_calculation: MakeCalculation,
    field: str,
    value: Any,
    message: str,
) -> None:
    with pytest.raises(ComparabilityError, match=message):
        check_comparable(make_calculation(), make_calculation(settings={field: value}))


def test_u_of_an_element_in_neither_is_no_difference(make_calculation: MakeCalculation) -> None:
    other = make_calculation(settings={"u_values_ev": {"Mn": 3.9, "Ni": 6.2, "Co": 3.3}})
    check_comparable(make_calculation(), other)


def test_u_of_zero_is_no_u(make_calculation: MakeCalculation) -> None:
    check_comparable(
        make_calculation(), make_calculation(settings={"u_values_ev": {"Mn": 3.9, "O": 0.0}})
    )


def test_a_reference_without_the_metal_needs_no_u_for_it(
    make_calculation: MakeCalculation,
) -> None:
    lithium = make_calculation(("Li", "Li"), settings={"u_values_ev": {}}, lattice=cell(3.0))
    check_comparable(make_calculation(), lithium, same_cell=False)
    other = make_calculation(("Li", "Li"), settings={"u_values_ev": {"Mn": 5.0}})
    with pytest.raises(ComparabilityError, match=r"u_values_ev\[Mn\]: 3\.9 and 5\.0"):
        check_comparable(make_calculation(), other, same_cell=False)


def test_rounding_of_a_cutoff_is_no_difference(make_calculation: MakeCalculation) -> None:
    check_comparable(
        make_calculation(), make_calculation(settings={"cutoff_ev": 520.0 * (1 + 1e-9)})
    )


@pytest.mark.parametrize("lattice", [cell(10.01), cell(angle=90.5)])
def test_cells_that_differ(make_calculation: MakeCalculation, lattice: Lattice) -> None:
    other = make_calculation(lattice=lattice)
    with pytest.raises(ComparabilityError, match=r"cell: 10\.0000 x .* and 10\.0.* degrees"):
        check_comparable(make_calculation(), other)
    check_comparable(make_calculation(), other, same_cell=False)


def test_rounding_and_orientation_of_a_cell_are_no_difference(
    make_calculation: MakeCalculation,
) -> None:
    rounded = make_calculation(lattice=cell(10 + 0.9 * CELL_LENGTH_TOLERANCE_ANGSTROM))
    check_comparable(make_calculation(), rounded)
    turned = make_calculation(lattice=Lattice([[0, 10, 0], [-6, 0, 0], [0, 0, 20]]))
    check_comparable(make_calculation(), turned)


def test_mock_outputs_do_not_mix_with_real_ones(make_calculation: MakeCalculation) -> None:
    mock = make_calculation(mock=True)
    check_comparable(mock, mock)
    with pytest.raises(ComparabilityError, match="mock: False and True"):
        check_comparable(make_calculation(), mock)


def test_what_did_not_complete(make_calculation: MakeCalculation) -> None:
    failed = make_calculation(
        status="failed", reason="not converged", energy_ev=None, structure=None, label="vacancy"
    )
    with pytest.raises(ComparabilityError, match=r"vacancy is failed \(not converged\)"):
        check_comparable(make_calculation(), failed)
    with pytest.raises(ComparabilityError, match=r"vacancy is failed \(not converged\)"):
        check_comparable(failed, make_calculation())
