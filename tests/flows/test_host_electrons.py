import pytest
from relaxed_by_hand import relaxed

from llo_dft.documents.plan import PlannedStatic
from llo_dft.flows.host_electrons import ElectronsMaker


@pytest.fixture
def with_statics(coated_plan):
    label = coated_plan.pristine_label(coated_plan.terminations[0])
    statics = [PlannedStatic(host=label, part=part) for part in (None, "oxide", "coating")]
    return coated_plan.model_copy(update={"statics": statics}), label


def test_electrons_alone_of_an_interface_and_its_parts_where_they_are_in_it(
    with_statics, maker, run_alone
):
    plan, label = with_statics
    interface = plan.candidates(plan.terminations[0])[0].structure
    flow = ElectronsMaker("calculations", maker("static")).make(
        plan, {label: relaxed(label, interface)}
    )
    made = run_alone(flow)
    assert list(made) == [static.label for static in plan.statics]
    whole, oxide, coating = (one.initial_structure for one in made.values())
    assert whole == interface
    assert oxide.composition + coating.composition == whole.composition
    # the densities are subtracted point by point: no part may move in its cell
    places = {tuple(place) for place in whole.frac_coords.tolist()}
    for part in (oxide, coating):
        assert part.lattice == whole.lattice
        assert {tuple(place) for place in part.frac_coords.tolist()} < places


def test_hosts_that_are_not_given_are_left_out(with_statics, maker):
    plan, _ = with_statics
    assert ElectronsMaker("calculations", maker("static")).make(plan, {}).output == {}
