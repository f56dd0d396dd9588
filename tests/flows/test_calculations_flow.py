from dataclasses import dataclass

import pytest
from atomate2.forcefields.jobs import ForceFieldRelaxMaker
from monty.json import MontyDecoder, MontyEncoder

from llo_dft.engines.base import EngineError
from llo_dft.flows.relax_hosts import HostsMaker
from llo_dft.flows.relax_vacancies import VacanciesMaker
from llo_dft.flows.study_parts import ElectronsMaker, ReferencesMaker
from llo_dft.testing.fake_engine import FakeCalculation

SLAB = FakeCalculation("slab_relax")


@dataclass
class WithoutReadBack:
    """All of the protocol but one method."""

    kind: str = "slab_relax"
    protocol: str = "fast"
    settings = fingerprint = calculate = None


@pytest.mark.parametrize("foreign", [ForceFieldRelaxMaker(), WithoutReadBack(), "slab_relax"])
def test_a_maker_that_is_none_of_an_engine_is_refused_when_the_flow_is_made(foreign):
    message = rf"HostsMaker\.slab_maker is a {type(foreign).__name__}, no such maker; expected what"
    with pytest.raises(EngineError, match=message) as caught:
        HostsMaker("calculations", foreign)
    assert "\n" not in str(caught.value)


def test_a_maker_of_another_kind_is_refused_too():
    with pytest.raises(EngineError, match=r"bulk_maker is a FakeCalculation, kind 'slab_relax'; e"):
        ReferencesMaker("calculations", SLAB, FakeCalculation("molecule_relax"))
    with pytest.raises(EngineError, match=r"static_maker .* of kind 'static'"):
        ElectronsMaker("calculations", SLAB)


def test_the_folder_is_the_same_wherever_a_job_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert VacanciesMaker("calculations", SLAB).folder == str(tmp_path / "calculations")


def test_a_maker_goes_through_json_unchanged(tmp_path):
    maker = HostsMaker(str(tmp_path), SLAB)
    assert MontyDecoder().decode(MontyEncoder().encode(maker)) == maker


def test_jobs_are_named_by_what_they_calculate(plan, tmp_path):
    references = ReferencesMaker(
        str(tmp_path), FakeCalculation("bulk_relax"), FakeCalculation("molecule_relax")
    )
    names = [job.name for job in references.make(plan).jobs]
    assert names == ["oxygen_molecule", "calculate O2", "calculate Li", "calculate bulk"]
