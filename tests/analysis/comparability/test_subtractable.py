"""Which pairs of plain runs may be subtracted: one rule a pair, each refused with both values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymatgen.core import Lattice

from llo_dft.analysis.comparability import subtractable
from llo_dft.analysis.comparability.fingerprints import ComparabilityError, Difference
from llo_dft.analysis.comparability.k_mesh import KMesh
from llo_dft.analysis.comparability.subtractable import Differences, FinishedRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.conftest import MakeCalculation

CELL = Lattice.orthorhombic(10, 6, 20)
WIDER = Lattice.orthorhombic(10, 6, 25)

#: Reciprocal lengths of CELL with 2 pi, 1/angstrom.
RECIPROCAL = (0.6283, 1.0472, 0.3142)


def mesh(*divisions: int) -> KMesh:
    return KMesh(divisions, RECIPROCAL, gamma_centred=True)  # type: ignore[arg-type]


@pytest.fixture
def run(make_calculation: MakeCalculation) -> Callable[..., FinishedRun]:
    def make(
        *symbols: str,
        k_mesh: KMesh | None = None,
        moment_mu_b: float | None = None,
        **fields: Any,
    ) -> FinishedRun:
        calculation = make_calculation(symbols or ("Li", "Mn", "O", "O"), **fields)
        return FinishedRun(calculation, k_mesh or mesh(2, 4, 1), moment_mu_b)

    return make


PAIRS = ["check_vacancy", "check_densities", "check_hosts", "check_sizes", "check_systems"]


@pytest.mark.parametrize("pair", [*PAIRS, "check_metal"])
def test_runs_of_the_same_settings_go_together(run: Callable[..., FinishedRun], pair: str) -> None:
    assert getattr(subtractable, pair)(run(), run(), ()) == []


@pytest.mark.parametrize("pair", PAIRS)
def test_another_cutoff_is_refused_with_both_values_and_allowed_by_name(
    run: Callable[..., FinishedRun], pair: str
) -> None:
    check = getattr(subtractable, pair)
    other = run(settings={"cutoff_ev": 400.0})
    with pytest.raises(ComparabilityError, match=r"cutoff_ev.*520.*400"):
        check(run(), other, ())
    (allowed,) = check(run(), other, ("cutoff_ev",))
    assert allowed.forbids


@pytest.mark.parametrize(
    ("pair", "ours", "theirs", "goes"),
    [
        ("check_vacancy", mesh(2, 4, 1), mesh(2, 4, 1), True),
        ("check_vacancy", mesh(2, 4, 1), mesh(4, 4, 1), False),
        ("check_densities", mesh(2, 4, 1), mesh(4, 4, 1), False),
        # a metal may be sampled more densely than the host, and not less
        ("check_metal", mesh(2, 4, 1), mesh(4, 8, 2), True),
        ("check_metal", mesh(4, 8, 2), mesh(2, 4, 1), False),
        ("check_sizes", mesh(2, 4, 1), mesh(4, 8, 2), False),
    ],
)
def test_k_points_agree_as_far_as_the_pair_needs(
    run: Callable[..., FinishedRun],
    pair: str,
    ours: KMesh,
    theirs: KMesh,
    goes: bool,  # noqa: FBT001
) -> None:
    check = getattr(subtractable, pair)
    if goes:
        assert check(run(k_mesh=ours), run(k_mesh=theirs), ()) == []
    else:
        with pytest.raises(ComparabilityError, match=r"k_spacing_per_angstrom: .* and "):
            check(run(k_mesh=ours), run(k_mesh=theirs), ())


def test_a_host_may_shrink_on_delithiation_but_not_become_another_cell(
    run: Callable[..., FinishedRun],
) -> None:
    closed = Lattice.orthorhombic(10 * 0.98, 6 * 0.98, 20 * 0.92)
    emptied = run("Mn", "O", "O", lattice=closed)
    assert subtractable.check_hosts(run(), emptied, ()) == []
    with pytest.raises(ComparabilityError, match="cell: "):
        subtractable.check_hosts(run(), run("Mn", "O", "O", lattice=WIDER), ())
    leaning = Lattice.from_parameters(10, 6, 20, 90, 90, 105)
    with pytest.raises(ComparabilityError, match="cell: "):
        subtractable.check_hosts(run(), run("Mn", "O", "O", lattice=leaning), ())


@pytest.mark.parametrize(
    ("spins", "moment", "goes"),
    [
        (True, 2.0, True),
        (True, -1.95, True),
        (True, None, True),
        (True, 0.0, False),
        (False, None, False),
        (None, None, True),  # non-collinear spins have no two moments
    ],
)
def test_o2_is_a_triplet(
    run: Callable[..., FinishedRun],
    spins: bool | None,  # noqa: FBT001
    moment: float | None,
    goes: bool,  # noqa: FBT001
) -> None:
    molecule = run(
        "O", "O", k_mesh=mesh(1, 1, 1), moment_mu_b=moment, settings={"spin_polarized": spins}
    )
    host = run(settings={"spin_polarized": spins})
    if goes:
        assert subtractable.check_molecule(host, molecule, ()) == []
        return
    with pytest.raises(ComparabilityError, match=r"moment of O2 .* ground state it is 2"):
        subtractable.check_molecule(host, molecule, ())


def test_what_was_allowed_is_kept_apart_from_what_is_only_named() -> None:
    found = Differences()
    allowed = Difference("cutoff_ev", "cutoff_ev: 520 and 400")
    named = Difference("settings.NCORE", "NCORE: 1 and 4", forbids=False)
    found.add("host", "vacancy", [allowed, named])
    assert found.allowed == ["host and vacancy: cutoff_ev: 520 and 400"]
    assert found.named == ["host and vacancy: NCORE: 1 and 4"]
