import pytest
from relaxed_by_hand import relaxed

from llo_dft.errors import InputError
from llo_dft.flows.relax_vacancies import VacanciesMaker


def test_vacancies_of_one_host_alone_lack_one_o_each(plan, maker, run_alone):
    host = plan.hosts[1]
    given = {host.label: relaxed(host.label, plan.host_structure(host))}
    made = run_alone(VacanciesMaker("calculations", maker("slab_relax")).make(plan, given))
    assert list(made) == [host.vacancy_label(vacancy) for vacancy in host.vacancies]
    for vacancy in host.vacancies:
        start = made[host.vacancy_label(vacancy)].initial_structure
        assert start == plan.vacancy_structure(host, vacancy)
        assert len(start) == len(plan.host_structure(host)) - 1


def test_where_the_coating_bonds_is_looked_for_in_the_pristine_interface(coated_plan, maker):
    maker = VacanciesMaker("calculations", maker("slab_relax"))
    bonded = next(
        host
        for host in coated_plan.hosts
        if host.removed and any(vacancy.bonded is not None for vacancy in host.vacancies)
    )
    given = {bonded.label: relaxed(bonded.label, coated_plan.host_structure(bonded))}
    with pytest.raises(InputError, match=r"coated_.*_x0\.6250 is not among the hosts; "):
        maker.make(coated_plan, given)
