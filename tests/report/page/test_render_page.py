"""The page as text: whole in itself, and nothing in a study can become a part of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from compared_studies import TERMINATION, host, interface, pair, study, vacancy

from llo_dft.report.page.page_content import CalculationRow, Drawing, PageContent
from llo_dft.report.page.render_page import comparison_page, study_page

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan

EVIL = "<script>alert(1)</script>"


def content(plan: StudyPlan, **fields) -> PageContent:
    hosts = [host(1.0, vacancy("O1", 2.0)), host(1.0, vacancy("O1", 2.4), coated=True)]
    result = study("chgnet", *hosts, pairs=[pair("O1", 1, 0.4)], interfaces=[interface(0, 0.5, 2)])
    rows = [CalculationRow("O2", "completed", wall_s=75.0), CalculationRow("Li", "failed")]
    drawings = {"energies": Drawing("vacancy_energy", "<svg/>", b"%PDF")}
    given = {
        "result": result,
        "plan": plan,
        "recipe_toml": "[study]\n",
        "state": "complete",
        "calculations": rows,
        "drawings": drawings,
    }
    return PageContent(**given | fields)


def data_of(page: str) -> dict:
    begin = '<script type="application/json" id="data">'
    (found,) = re.findall(f"{begin}(.*?)</script>", page, re.DOTALL)
    return json.loads(found)


def test_nothing_is_fetched_from_elsewhere(plan: StudyPlan) -> None:
    page = study_page(content(plan))
    assert "default-src 'none'" in page
    assert not re.findall(r"<(?:script|link|img)[^>]*\s(?:src|href)=(?!\"data:)", page)
    assert len(page.encode()) < 8_000_000


@pytest.mark.parametrize("evil", [EVIL, "</script><img src=x onerror=alert(1)>", "<!--<script>"])
def test_texts_of_a_study_are_texts(plan: StudyPlan, evil: str) -> None:
    plain = content(plan)
    update = {"study": evil, "notes": [evil], "engine": evil, "composition": evil}
    bad = plain.result.model_copy(update=update)
    rows = [CalculationRow(evil, "failed", remarks=[evil])]
    drawing = {"energies": Drawing("vacancy_energy", f"<svg>{evil}</svg>", b"")}
    page = study_page(
        content(plan, result=bad, recipe_toml=evil, state=evil, calculations=rows, drawings=drawing)
    )
    assert page.count("<script") == study_page(plain).count("<script")
    assert page.count("</script>") == study_page(plain).count("</script>")
    assert "<img src=x" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert data_of(page)["files"]["recipe.toml"]["text"] == evil


def test_numbers_of_each_figure_travel_along(plan: StudyPlan) -> None:
    files = data_of(study_page(content(plan)))["files"]
    assert files["vacancy_energy.pdf"]["base64"] == "JVBERg=="
    assert "difference_ev" in files["differences.csv"]["text"]
    assert {"energies.csv", "calculations.csv", "recipe.toml", "references.bib"} <= set(files)


def test_answer_interface_and_failures_are_in_sight(plan: StudyPlan) -> None:
    page = study_page(content(plan))
    assert f"the coating ({TERMINATION}) changes E_f of the same O by +0.40 eV (one O)." in page
    assert "2: O0 1.60 Å, O1 1.60 Å" in page
    assert "<strong>failed</strong> Li" in page
    assert "1 min 15 s of computing in all" in page


def test_a_study_with_nothing_yet_has_the_same_sections(plan: StudyPlan) -> None:
    empty = study("chgnet").model_copy(update={"fingerprint": None})
    page = study_page(content(plan, result=empty, calculations=[], drawings={}))
    sections = re.compile(r'<section id="(\w+)"')
    assert sections.findall(page) == sections.findall(study_page(content(plan)))
    assert "No answer yet" in page
    assert "3dmol" not in page[: page.index("</main>")]


def test_a_note_begins_as_a_sentence_but_no_name_is_changed(plan: StudyPlan) -> None:
    notes = ["the coating is strained", "bare_x1.0000: relaxed in 3 steps"]
    result = study("chgnet").model_copy(update={"notes": notes})
    page = study_page(content(plan, result=result))
    assert [one in page for one in ("The coating is strained", notes[1])] == [True, True]


def test_several_studies_stand_beside_each_other(plan: StudyPlan) -> None:
    page = comparison_page({"one": content(plan), EVIL: content(plan)})
    assert page.count("changes E_f of the same O") == 2
    assert "&lt;script&gt;alert(1)" in page
    assert EVIL not in page
