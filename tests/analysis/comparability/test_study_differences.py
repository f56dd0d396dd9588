from types import SimpleNamespace

from llo_dft.analysis.comparability.study_differences import study_differences, why_no_reference


def study(host, bulk_hosts=(), **others):
    """What is asked of a study: its hosts, and all its calculations by label."""
    return SimpleNamespace(
        plan=SimpleNamespace(hosts=[0], bulk_hosts=bulk_hosts),
        documents={host.label: host, **others},
        host=[host].__getitem__,
    )


def test_calculations_of_one_protocol_do_not_differ(make_calculation):
    one = study(make_calculation(), vacancy=make_calculation(("Li", "Mn", "O"), label="vacancy"))
    assert study_differences(one) == []


def test_the_same_difference_of_many_is_one_line(make_calculation):
    host = make_calculation()
    settings = {"other_settings": {"EDIFF": 1e-6}}
    others = {f"v{i}": make_calculation(label=f"v{i}", settings=settings) for i in range(5)}
    (line,) = study_differences(study(host, **others))
    assert line == "host and v0, v1, v2 and 2 more: EDIFF: default and 1e-06"


def test_what_forbids_a_difference_says_so(make_calculation):
    host = make_calculation()
    other = make_calculation(label="v", settings={"engine_version": "6.3.0"})
    (line,) = study_differences(study(host, v=other))
    assert line == (
        "host and v: engine_version: '6.4.2' and '6.3.0'; their energies may not be subtracted"
    )


def test_a_reference_has_settings_of_its_own_and_a_single_point_is_left_out(make_calculation):
    host = make_calculation(settings={"own_settings": {"LDIPOL": True}})
    own = {"own_settings": {"SIGMA": 0.01}, "k_spacing_per_angstrom": 0.2}
    molecule = make_calculation(("O", "O"), label="O2", kind="molecule_relax", settings=own)
    other = {"engine_version": "6.3.0"}
    static = make_calculation(label="s", kind="static", settings=other)
    ranking = make_calculation(label="r", kind="ranking", settings=other)
    assert study_differences(study(host, O2=molecule, s=static, r=ranking)) == []
    slab = make_calculation(label="v", settings=own)
    assert len(study_differences(study(host, v=slab))) == 2


def test_what_did_not_complete_is_compared_with_nothing(make_calculation):
    failed = {"status": "failed", "reason": "r", "energy_ev": None}
    host = make_calculation(**failed)
    other = make_calculation(label="v", settings={"engine_version": "6.3.0"})
    assert study_differences(study(host, v=other)) == []
    assert why_no_reference([host], other) is None


def test_a_molecule_of_another_functional_does_not_belong_to_the_hosts(make_calculation):
    host = make_calculation()
    plain = {"functional": "PBE", "u_values_ev": {}}
    molecule = make_calculation(("O", "O"), label="O2", settings=plain)
    assert why_no_reference([host], molecule) is None  # U acts on nothing that it has
    other = make_calculation(("O", "O"), label="O2", settings={"functional": "r2SCAN"})
    assert "functional: 'PBE+U' and 'r2SCAN'" in why_no_reference([host], other)


def test_the_crystal_is_compared_only_where_a_voltage_is_made_with_it(make_calculation):
    host = make_calculation()
    bulk = make_calculation(label="bulk", settings={"engine_version": "6.3.0"})
    assert study_differences(study(host, bulk=bulk)) == []
    assert len(study_differences(study(host, bulk_hosts=["bulk_x0.5000"], bulk=bulk))) == 1
