"""Numbers of figures have the names of results.json, and a stand-in's say so."""

from __future__ import annotations

import csv

from compared_studies import host, pair, study, vacancy

from llo_dft.documents.study_result import VacancyPair, VacancyResult
from llo_dft.report.page.csv_tables import calculations_csv, pairs_csv, vacancies_csv
from llo_dft.report.page.page_content import CalculationRow
from llo_dft.report.tables import vacancy_table


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_each_vacancy_with_the_names_of_its_document() -> None:
    found = study("chgnet", host(0.5, vacancy("O1", 1.25), vacancy("O2", None)), mock=True)
    first, second = rows(vacancies_csv(found))
    assert (first["engine"], first["formation_energy_ev"]) == ("MOCK chgnet", "1.25")
    assert (second["formation_energy_ev"], second["reason"]) == ("", "no power")
    assert {"pair", "site", "site_class", "status"} <= set(first) & set(VacancyResult.model_fields)


def test_each_pair_with_the_names_of_its_document() -> None:
    (row,) = rows(pairs_csv(study("chgnet", pairs=[pair("O1", 1, 0.5)])))
    assert row["difference_ev"] == "0.5"
    assert set(row) - {"engine"} <= set(VacancyPair.model_fields)


def test_a_reason_with_a_comma_stays_one_cell() -> None:
    one = CalculationRow("bulk", "failed", remarks=["out of memory, 3 GB", "again"])
    (row,) = rows(calculations_csv([one]))
    assert row["remarks"] == "out of memory, 3 GB; again"


def test_the_file_and_the_notebook_s_table_call_a_number_by_one_name() -> None:
    found = study("chgnet", host(0.5, vacancy("O1", 1.25, alternatives_ev={"none": 1.0})))
    head = set(rows(vacancies_csv(found))[0])
    own = {"engine", "n_holes", "oxygen_scheme", "rebuilt"}  # of the host, or of the whole study
    assert head - set(vacancy_table(found).columns) == own
