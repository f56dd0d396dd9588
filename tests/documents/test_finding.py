from dataclasses import asdict

from llo_dft.documents.finding import Finding


def test_what_doctor_prints_of_a_finding_is_what_the_doctor_of_a_project_reads():
    assert asdict(Finding("jobflow", "ok", "0.4")) == {
        "what": "jobflow",
        "state": "ok",
        "found": "0.4",
        "remedy": "",
    }
