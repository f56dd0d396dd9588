from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymatgen.core import Lattice

from llo_dft.analysis.comparability.fingerprints import (
    ALLOWED_FIELDS,
    CELL_LENGTH_TOLERANCE_ANGSTROM,
    ComparabilityError,
    Difference,
    check_allowed,
    check_comparable,
)
from llo_dft.errors import InputError

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
    check_comparable(make_calculation(), lithium, relation="other cell")
    other = make_calculation(("Li", "Li"), settings={"u_values_ev": {"Mn": 5.0}})
    with pytest.raises(ComparabilityError, match=r"u_values_ev\[Mn\]: 3\.9 and 5\.0"):
        check_comparable(make_calculation(), other, relation="other cell")


def test_rounding_of_a_cutoff_is_no_difference(make_calculation: MakeCalculation) -> None:
    check_comparable(
        make_calculation(), make_calculation(settings={"cutoff_ev": 520.0 * (1 + 1e-9)})
    )


@pytest.mark.parametrize("lattice", [cell(10.01), cell(angle=90.5)])
def test_cells_that_differ(make_calculation: MakeCalculation, lattice: Lattice) -> None:
    other = make_calculation(lattice=lattice)
    with pytest.raises(ComparabilityError, match=r"cell: 10\.0000 x .* and 10\.0.* degrees"):
        check_comparable(make_calculation(), other)
    check_comparable(make_calculation(), other, relation="other cell")


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


def test_a_metal_has_no_plus_u_to_share(make_calculation: MakeCalculation) -> None:
    """O2 and Li metal beside a PBE+U oxide are plain PBE, and only beside one."""
    oxygen = make_calculation(("O", "O"), settings={"functional": "PBE", "u_values_ev": {}})
    check_comparable(make_calculation(), oxygen, relation="other cell")
    check_comparable(oxygen, make_calculation(), relation="other cell")
    without = make_calculation(settings={"functional": "PBE", "u_values_ev": {}})
    with pytest.raises(ComparabilityError, match="functional: 'PBE\\+U' and 'PBE'; u_values"):
        check_comparable(make_calculation(), without)
    on_oxygen = make_calculation(settings={"u_values_ev": {"Mn": 3.9, "O": 5.0}})
    with pytest.raises(ComparabilityError, match=r"u_values_ev\[O\]: 5\.0 and 0\.0"):
        check_comparable(on_oxygen, oxygen, relation="other cell")
    other_form = make_calculation(settings={"functional": "PBE+U(LDAUTYPE=1)"})
    with pytest.raises(ComparabilityError, match="functional: 'PBE\\+U' and 'PBE\\+U\\(LDAUTYPE"):
        check_comparable(make_calculation(), other_form)


def test_kinds_of_one_element_and_an_unknown_u_count(make_calculation: MakeCalculation) -> None:
    two = make_calculation(settings={"u_values_ev": {"Mn": 3.9, "Mn(2)": 4.5}})
    with pytest.raises(ComparabilityError, match=r"u_values_ev\[Mn\(2\)\]: 0\.0 and 4\.5"):
        check_comparable(make_calculation(), two)
    check_comparable(two, two)
    unknown = make_calculation(settings={"u_values_ev": {"Mn": 3.9, "?": 1.0}})
    with pytest.raises(ComparabilityError, match=r"u_values_ev\[\?\]: 0\.0 and 1\.0"):
        check_comparable(make_calculation(), unknown)


def test_k_spacing_follows_a_cell_that_is_the_same_within_its_tolerance(
    make_calculation: MakeCalculation,
) -> None:
    first, rounded, denser = (
        make_calculation(settings={"k_spacing_per_angstrom": value})
        for value in (0.25, 0.25 * (1 + 3e-4), 0.25 * 20 / 21)
    )
    check_comparable(first, rounded)
    with pytest.raises(ComparabilityError, match=r"k_spacing_per_angstrom: 0\.25 and 0\.238"):
        check_comparable(first, denser)


def test_only_what_is_named_is_let_through(make_calculation: MakeCalculation) -> None:
    other = make_calculation(
        settings={"functional": "HSE06", "cutoff_ev": 400.0}, lattice=cell(11.0)
    )
    fields = ["functional", "cutoff_ev", "cell"]
    found = check_comparable(make_calculation(), other, allow=fields)
    assert [difference.field for difference in found] == fields
    assert found[0].text == "functional: 'PBE+U' and 'HSE06'"
    for field in fields:
        rest = [name for name in fields if name != field]
        with pytest.raises(ComparabilityError, match=f"subtracted: {field}: [^;]*$"):
            check_comparable(make_calculation(), other, allow=rest)


def test_stand_ins_and_failures_are_never_let_through(make_calculation: MakeCalculation) -> None:
    with pytest.raises(ComparabilityError, match="mock: False and True"):
        check_comparable(make_calculation(), make_calculation(mock=True), allow=ALLOWED_FIELDS)
    failed = make_calculation(status="failed", reason="killed", energy_ev=None)
    with pytest.raises(ComparabilityError, match=r"failed \(killed\)"):
        check_comparable(make_calculation(), failed, allow=ALLOWED_FIELDS)


def test_differences_found_elsewhere_count_and_fields_may_be_left_out(
    make_calculation: MakeCalculation,
) -> None:
    more = [Difference("spin_polarized", "spin_polarized: True and False")]
    with pytest.raises(ComparabilityError, match="spin_polarized: True and False"):
        check_comparable(make_calculation(), make_calculation(), also=more)
    found = check_comparable(
        make_calculation(), make_calculation(), also=more, allow=["spin_polarized"]
    )
    assert found == more
    other = make_calculation(settings={"k_spacing_per_angstrom": 0.2})
    check_comparable(make_calculation(), other, without=("k_spacing_per_angstrom",))


def test_names_that_may_be_allowed() -> None:
    assert check_allowed(["cell", "functional", "cell"]) == ["cell", "functional"]
    for name in ("mock", "status", "Cell", "u_values", ""):
        with pytest.raises(
            InputError, match=f"'{name}' is not a known setting; expected one of engine,"
        ):
            check_allowed([name])
