"""The page of a study, or of several, as one self-contained HTML text."""

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from llo_dft.analysis.vacancy.turning_lines import lowest_oxygens
from llo_dft.documents.labels import system_name
from llo_dft.report.answer import answer, headline
from llo_dft.report.figures.palette import GAIN, LOSS
from llo_dft.report.page.charts import energy_chart, vacancy_row
from llo_dft.report.page.csv_tables import (
    calculations_csv,
    densities_csv,
    pairs_csv,
    planar_csv,
    vacancies_csv,
    voltages_csv,
)
from llo_dft.report.page.further_charts import (
    charge_chart,
    comparison_chart,
    comparison_csv,
    density_chart,
    voltage_chart,
)
from llo_dft.report.page.methods_text import methods, references
from llo_dft.report.page.page_content import PageContent
from llo_dft.report.page.structure_views import charge_view, decisive_vacancy, structure_views
from llo_dft.report.titles import oxygen_text, settings_text

#: A file offered by the page: its text, or base64 if it is not text.
_Files = dict[str, dict[str, str]]


def study_page(content: PageContent) -> str:
    """Return the page of one study."""
    result = content.result
    charts, offered = _charts(content)
    views = {"structures": structure_views(result, content.relaxed)}
    for mesh in content.meshes:
        views[f"charge_{mesh.termination}"] = [charge_view(mesh)]
    for drawing in content.drawings.values():
        offered[f"{drawing.name}.svg"] = {"text": drawing.svg, "type": "image/svg+xml"}
        pdf = base64.b64encode(drawing.pdf).decode()
        offered[f"{drawing.name}.pdf"] = {"base64": pdf, "type": "application/pdf"}
    offered["recipe.toml"] = {"text": content.recipe_toml, "type": "text/plain"}
    offered["references.bib"] = {"text": references(result), "type": "text/plain"}
    data = {"charts": charts, "views": views, "files": offered, "mesh": [GAIN, LOSS]}
    drawings = {
        section: Markup("data:image/svg+xml;base64,")
        + base64.b64encode(drawing.svg.encode()).decode()
        for section, drawing in content.drawings.items()
    }
    return _render(
        "study.html",
        data,
        has_views=any(views.values()),
        content=content,
        result=result,
        plan=content.plan,
        headline=headline(result),
        answers=answer(result),
        light=content.light,
        settings=settings_text(result.fingerprint) or result.engine,
        oxygen=oxygen_text(result.oxygen, none=result.oxygen_reason or "no energy of O2 yet"),
        decisive=decisive_vacancy(result),
        drawings=drawings,
        views=views,
        charts=charts,
        files=offered,
        methods=methods(result, content.plan),
        references=references(result),
        not_completed=[one for one in content.calculations if one.status != "completed"],
        wall=_duration(sum(one.wall_s or 0.0 for one in content.calculations)),
    )


def comparison_page(contents: Mapping[str, PageContent]) -> str:
    """Return the page of several studies by name, side by side."""
    results = {name: one.result for name, one in contents.items()}
    offered: _Files = {"comparison.csv": {"text": comparison_csv(results), "type": "text/csv"}}
    data = {"charts": {"comparison": comparison_chart(results)}, "views": {}, "files": offered}
    rows = [
        {
            "name": name,
            "headline": headline(result),
            "light": contents[name].light,
            "settings": settings_text(result.fingerprint) or result.engine,
            "oxygen": oxygen_text(result.oxygen, none="no energy of O2"),
            "state": contents[name].state,
            "turning": [point for point in result.turning_points if point.site is None],
        }
        for name, result in results.items()
    ]
    return _render(
        "comparison.html",
        data,
        has_views=False,
        rows=rows,
        files=offered,
        version=next(iter(contents.values())).version,
    )


def _charts(content: PageContent) -> tuple[dict[str, Any], _Files]:
    """Return plotly's figures by name, and the numbers of each as CSV."""
    result = content.result
    charts: dict[str, Any] = {}
    texts = {"calculations": calculations_csv(content.calculations)}
    if (energies := energy_chart(result)) is not None:
        charts["energies"] = energies
        texts["energies"] = vacancies_csv(result)
        if result.pairs:
            texts["differences"] = pairs_csv(result)
    curves = [
        (system_name(one.system, one.termination), one.curve)
        for one in result.voltages
        if one.curve is not None
    ]
    if curves:
        charts["voltage"] = voltage_chart(curves)
        texts["voltage"] = voltages_csv(result)
    for found in content.densities:
        charts[f"dos_{found.name}"] = density_chart(found)
        texts[f"dos_{found.name}"] = densities_csv(found)
    for mesh in content.meshes:
        charts[f"charge_{mesh.termination}"] = charge_chart(mesh.document.planar)
        texts[f"charge_{mesh.termination}"] = planar_csv(mesh.document.planar)
    return charts, {
        f"{name}.csv": {"text": text, "type": "text/csv"} for name, text in texts.items()
    }


def _render(template: str, data: Mapping[str, Any], *, has_views: bool, **values: Any) -> str:  # noqa: ANN401 (whatever the template shows)
    page = _environment().get_template(template)
    scripts: Sequence[str] = [
        _asset("plotly-basic.min.js"),
        *([_asset("3dmol.min.js")] if has_views else []),
    ]
    return page.render(
        data=_in_script(json.dumps(data, separators=(",", ":"), allow_nan=False)),
        libraries=[_in_script(one) for one in scripts],
        has_views=has_views,
        page_script=_in_script(_asset("page.js")),
        style=Markup(_asset("page.css")),  # noqa: S704 (our own file)
        system_name=system_name,
        vacancy_row=vacancy_row,
        lowest_oxygens=lowest_oxygens,
        **values,
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("llo_dft.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": _duration, "number": _number, "sentence": _sentence}
    return environment


def _asset(name: str) -> str:
    return files("llo_dft.report.page").joinpath("templates", name).read_text(encoding="utf-8")


def _in_script(text: str) -> Markup:
    """Return a text for a script element, escaped so that it can't end the element.

    In JSON and in JavaScript's strings the changed text means the same.
    """
    safe = (
        text.replace("<!--", "\\u003c!--").replace("</", "<\\/").replace("<script", "\\u003cscript")
    )
    return Markup(safe)  # noqa: S704 (it can't end its element)


def _sentence(text: str) -> str:
    """Return a note with a capital, unless its first word is the name of a calculation."""
    return f"{text[:1].upper()}{text[1:]}" if text.partition(" ")[0].isalpha() else text


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"
