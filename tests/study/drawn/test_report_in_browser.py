"""The page in a real browser: no network or errors, hover, click, 3D, files, dark, phone, print."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from llo_dft.report.page.page_content import CalculationRow
from llo_dft.report.page.render_page import study_page
from llo_dft.study.drawn.study_report import page_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

OPENS_WITHIN_S = 2.0
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; skipped where it or playwright is not, unless they are demanded."""
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        reason = "needs Chromium and playwright; .ci/install-browser installs them"
        if os.environ.get("LLO_DFT_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    software = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", *software]
        )
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page with the network off; at the end it must have had no error and no request."""
    contexts, faults = [], []

    def open_page(path: Path, **options: Any) -> Any:
        given = {"viewport": {"width": 1200, "height": 900}} | options
        context = browser.new_context(offline=True, **given)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.on(
            "console",
            lambda line: faults.append(line.text) if line.type == "error" else None,
        )
        page.on(
            "request",
            lambda one: (
                None if one.url.startswith(("file:", "blob:", "data:")) else faults.append(one.url)
            ),
        )
        page.goto(path.as_uri())
        page.wait_for_function("document.documentElement.dataset.ready === '1'")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="module")
def page_file(finished: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(study_page(page_content(finished.folder)), encoding="utf-8")
    return path


def test_a_complete_study_shows_figures_and_structures(opened: Any, page_file: Path) -> None:
    page = opened(page_file)
    page.wait_for_selector(".chart .main-svg")
    far = page.locator('.chart[data-chart="voltage"]')
    assert far.locator(".main-svg").count() == 0, "a figure far below is drawn before it is seen"
    far.scroll_into_view_if_needed()
    far.locator(".main-svg").first.wait_for()
    page.locator(".stage").first.scroll_into_view_if_needed()
    page.wait_for_selector(".stage[data-ready]")
    stage = page.locator(".stage").first
    before = stage.screenshot()
    stage.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert stage.screenshot() != before, "the arrow key did not turn the structure"


def test_hovering_names_a_point_and_clicking_leads_to_its_row(opened: Any, page_file: Path) -> None:
    page = opened(page_file)
    point = page.locator('[data-chart="energies"] .scatterlayer .point').first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    hover = page.locator('[data-chart="energies"] .hovertext')
    hover.first.wait_for()
    assert "eV per O" in hover.first.text_content()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector("tr.chosen")
    assert page.locator("#vacancies").get_attribute("open") is not None


def test_files_come_out_of_the_page(opened: Any, page_file: Path, tmp_path: Path) -> None:
    page = opened(page_file, accept_downloads=True)
    for name, begin in (("energies.csv", b"engine,system"), ("vacancy_energy.pdf", b"%PDF")):
        with page.expect_download() as download:
            page.locator(f'[data-file="{name}"]').click()
        download.value.save_as(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(opened: Any, page_file: Path, scheme: str) -> None:
    page = opened(page_file, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") == (scheme == "light")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != back


def test_it_prints(opened: Any, page_file: Path, tmp_path: Path) -> None:
    page = opened(page_file)
    page.emulate_media(media="print")
    assert page.locator("img.printed").first.is_visible()
    assert not page.locator("nav").is_visible()
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 20_000


def test_a_study_with_failures_and_a_hostile_name(
    opened: Any, troubled: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValidationError, match="name"):
        type(troubled.folder.recipe().study)(name=EVIL)  # no recipe can be called so, and yet:
    content = page_content(troubled.folder)
    evil = content.result.model_copy(update={"study": EVIL, "notes": [EVIL]})
    path = tmp_path / "report.html"
    path.write_text(study_page(replace(content, result=evil, state=EVIL)), encoding="utf-8")
    page = opened(path)
    assert page.locator("header strong").text_content() == EVIL
    assert page.locator("#calculations li strong", has_text="failed").count() > 0


def test_five_hundred_calculations_open_at_once(opened: Any, finished: Any, tmp_path: Path) -> None:
    content = page_content(finished.folder)
    rows = [
        CalculationRow(f"bare_vac_O{i}", "completed", "slab_relax", 99, 40, 0.02, 9.0)
        for i in range(500)
    ]
    path = tmp_path / "report.html"
    path.write_text(study_page(replace(content, calculations=rows)), encoding="utf-8")
    took = []
    for _ in range(3):  # by the page's own clock; the first time the browser starts, too
        page = opened(path)
        took.append(
            page.evaluate(
                "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000"
            )
        )
    assert page.locator("#calculations tbody tr").count() == 500
    crowded = os.getloadavg()[0] / (os.cpu_count() or 1)
    assert min(took) < OPENS_WITHIN_S * max(1.0, crowded)
