"""From made-up calculations of a real plan to its result."""

from pathlib import Path

import pytest

from llo_dft.analysis.study_analysis import analyze_study
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, not_computed
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.recipe import parse_recipe
from llo_dft.study.planning.make_plan import make_plan

FINGERPRINT = Fingerprint(engine="chgnet", engine_version="0.4.2", functional="PBE")
LABEL_O2 = -4.948
OWN_O2 = -4.8
LITHIUM_EV = -1.9


@pytest.fixture(scope="module")
def plan():
    recipe = {
        "study": {"name": "made up"},
        "cathode": {"composition": "Li2MnO3"},
        "slab": {"tm_layers": 1, "vacuum": 10.0},
        "delithiation": {
            "fractions": [1.0, 0.5],
            "voltage": "slab",
            "candidates": 1,
            "symmetric": True,
        },
        "vacancies": {"environments": ["2TM+1Li"], "per_environment": 2},
        "oxygen": {"scheme": "potential"},
        "engine": {"name": "chgnet"},
    }
    return make_plan(parse_recipe(recipe, "test"), Path())


def completed(label, structure, energy, **changes):
    fields = {
        "key": f"key of {label}",
        "label": label,
        "kind": "slab_relax",
        "status": "completed",
        "fingerprint": FINGERPRINT,
        "protocol": "fast",
        "energy_ev": energy,
        "initial_structure": structure,
        "structure": structure,
    }
    return CalculationDocument(**(fields | changes))


def failed(label, status="failed"):
    return CalculationDocument(
        key="",
        label=label,
        kind="slab_relax",
        status=status,
        reason="it blew up",
        fingerprint=FINGERPRINT,
        protocol="fast",
    )


def calculations(plan, vacancy_costs):
    """Hosts at -100 eV and vacancies that lie higher by the given costs, by label."""
    made = [
        completed("O2", plan.bulk, 2 * OWN_O2),
        completed("Li", plan.lithium_metal, 2 * LITHIUM_EV, kind="bulk_relax"),
        completed("bulk", plan.bulk, -50.0, kind="bulk_relax"),
    ]
    for host, row in zip(plan.hosts, vacancy_costs, strict=True):
        made.append(completed(host.label, plan.host_structure(host), -100.0))
        made += [
            completed(host.vacancy_label(v), plan.vacancy_structure(host, v), -100.0 + cost)
            for v, cost in zip(host.vacancies, row, strict=True)
        ]
    return {one.label: one for one in made}


def label(plan, host, vacancy=None):
    """The label of a host or of one of its vacancies, by their places in the plan."""
    planned = plan.hosts[host]
    return planned.label if vacancy is None else planned.vacancy_label(planned.vacancies[vacancy])


def settings(scheme="potential", **changes):
    fields = {
        "scheme": scheme,
        "temperature_k": 298.15,
        "pressure_bar": 1.0,
        "label_energy_ev_per_atom": LABEL_O2,
        "label_source": "labels",
        "refused": {"wang2006": "twice", "mp2020": "twice"},
    }
    return OxygenSettings(**(fields | changes))


def result_of(plan, made, oxygen=None, **more):
    study = StudyCalculations(plan, {name: made[name] for name in plan.labels})
    return analyze_study(study, oxygen or settings(), engine="chgnet", protocol="fast", **more)


def missing(label):
    return not_computed(label, "missing", "the worker died")


COSTS = [[7.0, 8.0], [4.5, 6.0]]


def test_settings_that_are_not_good_for_it_state_energies_and_no_crossing(plan):
    made = calculations(plan, COSTS)
    stated = result_of(plan, made)
    withheld = result_of(plan, made, no_crossings="forces reach 0.1 eV/angstrom")
    assert stated.no_crossings is None
    assert stated.turning_points
    assert withheld.no_crossings == "forces reach 0.1 eV/angstrom"
    assert withheld.turning_points == []
    assert [h.formation_energies_ev for h in withheld.hosts] == [
        h.formation_energies_ev for h in stated.hosts
    ]
    assert stated.hosts[0].turning_temperature_k is not None
    for after in withheld.hosts:
        assert after.turning_temperature_k is None
        assert after.turning_temperature_with_rebuilt_k is None
        assert after.turning_temperature_reason == "forces reach 0.1 eV/angstrom"


def test_what_a_rattle_gained_is_in_the_result(plan):
    made = calculations(plan, COSTS)
    host, vacancy = label(plan, 1), label(plan, 1, 0)
    made[host] = made[host].model_copy(update={"rattle_gain_ev": 0.2})
    made[vacancy] = made[vacancy].model_copy(update={"rattle_gain_ev": -0.1})
    found = result_of(plan, made).hosts
    assert [one.rattle_gain_ev for one in found] == [None, 0.2]
    assert [one.rattle_gain_ev for one in found[1].vacancies] == [-0.1, None]


def test_formation_energies_by_hand(plan):
    result = result_of(plan, calculations(plan, COSTS))
    # mu_O = label + d_mu counted from 298 K (-0.272 - 0.045 eV)
    mu = LABEL_O2 - 0.272 - 0.045
    for host, row in zip(result.hosts, COSTS, strict=True):
        for vacancy, cost in zip(host.vacancies, row, strict=True):
            assert vacancy.formation_energy_ev == pytest.approx(cost + mu, abs=1e-3)
            # the scheme "none" has the potential's own O2, counted from 0 K
            assert vacancy.alternatives_ev == {
                "none": pytest.approx(cost + OWN_O2 - 0.272, abs=1e-3)
            }
    assert result.oxygen.mu_ev == pytest.approx(mu, abs=1e-3)
    assert result.is_complete
    assert result.counts == {"completed": 9}
    assert [record.label for record in result.calculations] == plan.labels


def test_the_lowest_line_turns_between_the_states_of_charge(plan):
    result = result_of(plan, calculations(plan, COSTS))
    point = result.turning_points[0]
    full, charged = (host.holes_per_tm for host in result.hosts)
    assert full == 0.0 < point.at.holes_per_tm < charged
    assert point.earliest.position <= point.at.position <= point.latest.position
    assert [one.what for one in result.built] == ["composition", "formal charge", "bare", "bare"]


def test_schemes_that_do_not_go_with_the_engine_say_why(plan):
    result = result_of(plan, calculations(plan, COSTS))
    assert result.other_schemes["wang2006"] == "not used: twice"
    assert "eV per O" in result.other_schemes["none"]


def test_a_failed_vacancy_has_no_number_and_its_reason(plan):
    made = calculations(plan, COSTS)
    made[label(plan, 1, 0)] = failed("v")
    result = result_of(plan, made)
    vacancy = result.hosts[1].vacancies[0]
    assert (vacancy.status, vacancy.formation_energy_ev, vacancy.reason) == (
        "failed",
        None,
        "it blew up",
    )
    assert vacancy.alternatives_ev == {}
    assert result.hosts[1].vacancies[1].formation_energy_ev is not None
    assert not result.is_complete


def test_a_failed_host_takes_the_numbers_of_its_vacancies(plan):
    made = calculations(plan, COSTS)
    made[label(plan, 0)] = failed("host")
    result = result_of(plan, made)
    assert result.hosts[0].energy_ev is None
    for vacancy in result.hosts[0].vacancies:
        assert vacancy.formation_energy_ev is None
        assert "no formation energy" in vacancy.reason


def test_a_job_that_left_nothing_is_missing(plan):
    made = calculations(plan, COSTS)
    made[label(plan, 0, 1)] = missing(label(plan, 0, 1))
    result = result_of(plan, made)
    assert result.hosts[0].vacancies[1].status == "missing"
    assert result.hosts[0].vacancies[1].reason == "the worker died"
    assert result.counts["missing"] == 1


def test_without_o2_the_scheme_that_needs_it_gives_nothing_and_the_other_does(plan):
    made = calculations(plan, COSTS)
    without = made | {"O2": failed("O2")}
    by_labels = result_of(plan, without)
    assert by_labels.hosts[0].vacancies[0].formation_energy_ev is not None
    assert "O2 failed: it blew up" in by_labels.other_schemes["none"]
    by_itself = result_of(plan, without, settings("none"))
    vacancy = by_itself.hosts[0].vacancies[0]
    assert vacancy.formation_energy_ev is None
    assert "no chemical potential of oxygen: not used: O2 failed" in vacancy.reason
    assert by_itself.turning_points == []


def test_energies_of_two_functionals_are_not_subtracted(plan):
    made = calculations(plan, COSTS)
    other = FINGERPRINT.model_copy(update={"functional": "HSE06"})
    first = label(plan, 0, 0)
    made[first] = made[first].model_copy(update={"fingerprint": other})
    vacancy = result_of(plan, made).hosts[0].vacancies[0]
    assert vacancy.formation_energy_ev is None
    assert "PBE" in vacancy.reason
    assert "HSE06" in vacancy.reason


def test_a_rebuilt_lattice_is_flagged(plan):
    made = calculations(plan, COSTS)
    first = label(plan, 0, 0)
    vacancy = made[first]
    moved = vacancy.structure.copy()
    moved.translate_sites([0], [0.0, 0.0, 2.5], frac_coords=False)
    made[first] = vacancy.model_copy(update={"structure": moved})
    assert any("moved: Li0" in flag for flag in result_of(plan, made).hosts[0].vacancies[0].flags)


def test_moments_of_the_vacancy_are_held_against_the_same_atoms_of_the_host(plan):
    made = calculations(plan, COSTS)
    host = made[label(plan, 0)]
    moments = [float(3 if site.specie.symbol == "Mn" else 0) for site in host.structure]
    made[host.label] = host.model_copy(update={"magmoms_mu_b": moments})
    vacancy = made[label(plan, 0, 0)]
    same = [float(3 if site.specie.symbol == "Mn" else 0) for site in vacancy.structure]
    made[vacancy.label] = vacancy.model_copy(update={"magmoms_mu_b": same})
    assert result_of(plan, made).hosts[0].vacancies[0].flags == []
    metal = next(i for i, site in enumerate(vacancy.structure) if site.specie.symbol == "Mn")
    same[metal] = 4.0
    made[vacancy.label] = vacancy.model_copy(update={"magmoms_mu_b": same})
    flags = result_of(plan, made).hosts[0].vacancies[0].flags
    assert flags == [f"moment: Mn{metal} 3.0 -> 4.0 mu_B"]


def test_a_mock_output_marks_the_whole_result(plan):
    made = calculations(plan, COSTS)
    mocked = made | {"O2": made["O2"].model_copy(update={"mock": True})}
    assert result_of(plan, mocked).mock
    assert not result_of(plan, made).mock


def test_every_calculation_is_on_record_with_what_became_of_it(plan):
    made = calculations(plan, COSTS) | {"Li": failed("Li"), "bulk": missing("bulk")}
    records = {one.label: one for one in result_of(plan, made).calculations}
    assert list(records) == plan.labels
    assert all(one.applicable for one in records.values())
    assert (records["O2"].status, records["O2"].key) == ("completed", "key of O2")
    assert (records["Li"].status, records["Li"].reason) == ("failed", "it blew up")
    assert (records["bulk"].status, records["bulk"].key) == ("missing", None)
    assert records["bulk"].reason == "the worker died"


def test_the_voltage_by_hand(plan):
    made = calculations(plan, COSTS)
    half = label(plan, 1)
    n_removed = len(plan.hosts[1].removed)
    # at 3.2 V a Li of the host lies 3.2 eV below one of the metal
    energy = -100.0 - n_removed * (LITHIUM_EV - 3.2)
    made[half] = made[half].model_copy(update={"energy_ev": energy})
    (voltage,) = result_of(plan, made).voltages
    assert voltage.curve.average_v == pytest.approx(3.2)
    (step,) = voltage.curve.steps
    assert (step.n_li, step.voltage_v) == (n_removed, pytest.approx(3.2))
    assert (step.lithium_fraction_from, step.lithium_fraction_to) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ("Li", "Li metal has no energy: it blew up"),
        (
            "bare_x1.0000",
            "different numbers of Li; all 1 hosts have 4 Li",
        ),
    ],
)
def test_without_li_metal_or_a_second_host_there_is_no_voltage_but_a_reason(plan, lacking, reason):
    made = calculations(plan, COSTS) | {lacking: failed(lacking)}
    (voltage,) = result_of(plan, made).voltages
    assert voltage.curve is None
    assert reason in voltage.reason


def of_version(document, version):
    changed = document.fingerprint.model_copy(update={"engine_version": version})
    return document.model_copy(update={"fingerprint": changed})


def test_an_o2_by_another_version_gives_no_formation_energy(plan):
    made = calculations(plan, COSTS)
    made["O2"] = of_version(made["O2"], "0.3")
    result = result_of(plan, made, settings("none"))
    assert result.oxygen is None
    assert "engine_version: '0.4.2' and '0.3'" in result.oxygen_reason
    assert not result.hosts[0].formation_energies_ev
    assert any("O2: engine_version" in note for note in result.notes)


def test_what_is_only_named_is_in_the_notes(plan):
    made = calculations(plan, COSTS)
    assert result_of(plan, made).notes == plan.notes
    other = FINGERPRINT.model_copy(update={"other_settings": {"ISYM": 0}})
    vacancy = label(plan, 0, 0)
    made[vacancy] = made[vacancy].model_copy(update={"fingerprint": other})
    result = result_of(plan, made)
    host = label(plan, 0)
    assert result.notes == [*plan.notes, f"{host} and {vacancy}: ISYM: default and 0"]
    assert result.hosts[0].vacancies[0].formation_energy_ev is not None


def test_what_is_said_of_the_first_slab_is_said_of_the_study(plan):
    made = calculations(plan, COSTS)
    first, vacancy = label(plan, 0), label(plan, 0, 0)
    for name in (first, vacancy):
        made[name] = made[name].model_copy(update={"notes": ["rows lie lower"]})
    result = result_of(plan, made)
    assert result.notes == [*plan.notes, f"{first}: rows lie lower"]
    noted = {one.label: one.notes for one in result.calculations if one.notes}
    assert noted == {first: ["rows lie lower"], vacancy: ["rows lie lower"]}
