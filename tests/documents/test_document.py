"""How documents show themselves to a person: one line, or a small table in a notebook."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pydantic import Field
from pymatgen.core import Lattice, Structure
from store_calculations import calculation

from llo_dft.documents.document import Document, Finding, StoredStructure, short
from llo_dft.documents.study_result import StudyResult


class Inner(Document):
    number: int


class Outer(Document):
    name: str = Field(description="What it is called, for <people>")
    energy_ev: float | None = None
    many: list[Inner] = Field(default_factory=list)
    values: list[float] = Field(default_factory=list)
    scheme_ev: dict[str, float] = Field(default_factory=dict)
    structure: StoredStructure | None = None
    inner: Inner | None = None
    mock: bool = False


def test_a_line_has_what_says_something():
    structure = Structure(Lattice.cubic(4), ["Mn", "O", "O"], [[0, 0, 0], [0.5] * 3, [0.2] * 3])
    one = Outer(
        name="x",
        energy_ev=-1.23456789,
        many=[Inner(number=n) for n in range(30)],
        values=[0.1] * 500,
        scheme_ev={"none": 1.25},
        structure=structure,
        inner=Inner(number=1),
    )
    assert repr(one) == (
        "Outer(name='x', energy_ev=-1.23457, many=<30 Inner>, values=<500 float>, "
        "scheme_ev={none: 1.25}, structure=<Mn1 O2>, inner=Inner(...))"
    )
    assert repr(Outer(name="y", mock=True)) == "Outer(name='y', mock=True)"


def test_long_texts_and_lists_do_not_make_a_page():
    one = Outer(name="z" * 5000, values=[1.0, 2.0, 3.0])
    assert len(repr(one)) < 120
    assert "values=[1, 2, 3]" in repr(one)
    assert short([1, "a", None, 2.5, 3]) == "<5 items>"


def test_the_short_form_is_for_eyes_only():
    one = Outer(name="x", values=[0.1] * 500, many=[Inner(number=3)])
    assert Outer.model_validate_json(one.model_dump_json()) == one
    assert len(json.loads(one.model_dump_json())["values"]) == 500


def test_a_notebook_gets_a_table_that_is_safe_and_says_what_fields_mean():
    one = Outer(name="<script>alert(1)</script>", many=[Inner(number=n) for n in range(40)])
    page = one._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "for &lt;people&gt;" in page
    assert "<summary>40 Inner</summary>" in page
    assert page.count("<li>") == 13  # twelve of them, and how many more
    assert "energy_ev" not in page  # it has none


def test_real_documents_are_short(plan: Any):
    document = calculation("k")
    assert len(repr(document)) < 600
    assert len(repr(plan)) < 1200
    assert len(plan._repr_html_()) < 20_000
    assert "StudyResult" in StudyResult.__name__


def test_a_stored_reason_does_not_steer_the_terminal() -> None:
    found = json.loads(calculation("k").model_dump_json())
    found |= {"label": "host\x1b]0;title\x07", "corrections": ["one\x1b[31m", "two"]}
    document = type(calculation("k")).model_validate_json(json.dumps(found))
    assert document.label == r"host\x1b]0;title\x07"
    assert document.corrections == [r"one\x1b[31m", "two"]


def test_what_doctor_prints_of_a_finding_is_what_the_doctor_of_a_project_reads():
    assert asdict(Finding("jobflow", "ok", "0.4")) == {
        "what": "jobflow",
        "state": "ok",
        "found": "0.4",
        "remedy": "",
    }
