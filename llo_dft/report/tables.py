"""Results as pandas tables, for a notebook. The names of columns carry their units.

A column is a field of a document, under its name there; what a document has besides numbers
and words (a structure, say) is left out. A field that a later version adds is a column more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llo_dft.documents.document import Document
from llo_dft.documents.plain_run_results import VacancyRuns, VoltageRuns
from llo_dft.documents.study_result import HostResult, StudyResult, TurningPoint, VacancyResult
from llo_dft.documents.voltage import VoltageCurve, VoltageStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pandas import DataFrame

    from llo_dft.documents.electronic import (
        BandCenters,
        CalculationSummary,
        SpinCenters,
    )
    from llo_dft.documents.oxidation import OxidationStates

#: What of a host stands beside each of its vacancies.
_HOST_KEYS = ("system", "termination", "lithium_fraction", "path")

_WINDOWS = ("occupied", "full", "fixed")


def vacancy_table(result: StudyResult | VacancyRuns) -> DataFrame:
    """Return a row for each oxygen vacancy, under the host that it is in.

    The other O2 schemes are columns ``alternatives_ev[scheme]``.
    """
    rows = []
    for host in result.hosts:
        keys = {
            key: getattr(host, key) for key in _HOST_KEYS if getattr(host, key, None) is not None
        }
        for vacancy in host.vacancies:
            row = _row(vacancy)
            own = {f"vacancy_{key}": row.pop(key) for key in ("path",) if key in row}
            rows.append(keys | own | row)
    return _frame(rows, [*_HOST_KEYS[:3], *VacancyResult.model_fields], result)


def host_table(result: StudyResult | VacancyRuns) -> DataFrame:
    """Return a row for each host, with its lowest formation energy and number of vacancies."""
    rows = []
    for host in result.hosts:
        energies = [
            one.formation_energy_ev for one in host.vacancies if one.formation_energy_ev is not None
        ]
        lowest = {"lowest_formation_energy_ev": min(energies, default=None)}
        rows.append(_row(host) | {"n_vacancies": len(host.vacancies)} | lowest)
    return _frame(rows, HostResult.model_fields, result)


def turning_table(result: StudyResult | VacancyRuns) -> DataFrame:
    """Return a row for each system: where its lowest formation energy crosses zero."""
    return _frame(
        [_row(point) for point in result.turning_points], TurningPoint.model_fields, result
    )


def voltage_table(
    result: StudyResult | VoltageRuns | VoltageCurve | Sequence[VoltageCurve],
) -> DataFrame:
    """Return a row for each step between adjacent stable hosts."""
    rows = []
    for keys, curve in _curves(result):
        average = {"average_v": curve.average_v}
        rows += [keys | _row(step) | average for step in curve.steps]
    return _frame(rows, ["system", *VoltageStep.model_fields], result)


def band_center_table(*centers: BandCenters) -> DataFrame:
    """Return a row for each window and spin of all atoms, of each class and of each atom."""
    rows = []
    for one in centers:
        keys = {
            "label": one.label,
            "element": one.element,
            "orbital": one.orbital,
            "reference": one.reference,
        }
        rows += _center_rows(keys | {"of": "all", "n_sites": len(one.sites)}, one.total)
        for name, found in one.classes.items():
            about = {"of": "class", "site_class": name, "n_sites": found.n_sites}
            rows += _center_rows(keys | about, found.centers)
        for site in one.sites:
            about = {"of": "site", "site_class": site.site_class, "site": site.site, "n_sites": 1}
            rows += _center_rows(keys | about, site.centers)
    columns = ["label", "element", "orbital", "reference", "of", "site_class", "site", "n_sites"]
    return _frame(rows, [*columns, "spin", "window", "center_ev", "weight", "width_ev"])


def summary_table(summaries: Iterable[CalculationSummary]) -> DataFrame:
    """Return a row for each finished calculation."""
    rows = []
    for one in summaries:
        row = _row(one)
        if one.fingerprint is not None:
            row["functional"] = one.fingerprint.functional
        if one.oxidation_states is not None:
            counts = one.oxidation_states.counts.items()
            row["oxidation_states"] = ", ".join(f"{n} {name}" for name, n in counts)
        rows.append(row)
    return _frame(rows, ["path", "formula", "energy_ev"])


def oxidation_table(states: OxidationStates) -> DataFrame:
    """Return a row for each atom, and how its state was told."""
    return _frame([_row(atom) for atom in states.atoms], ["site", "element", "state"])


def _curves(
    result: StudyResult | VoltageRuns | VoltageCurve | Sequence[VoltageCurve],
) -> list[tuple[dict[str, Any], VoltageCurve]]:
    if isinstance(result, StudyResult):
        return [
            ({"system": one.system, "termination": one.termination}, one.curve)
            for one in result.voltages
            if one.curve is not None
        ]
    if isinstance(result, VoltageRuns):
        curves = [] if result.curve is None else [result.curve]
    else:
        curves = [result] if isinstance(result, VoltageCurve) else list(result)
    return [({"system": curve.system}, curve) for curve in curves]


def _center_rows(keys: dict[str, Any], centers: SpinCenters) -> list[dict[str, Any]]:
    rows = []
    for spin in ("both", "up", "down"):
        windows = getattr(centers, spin)
        if windows is None:
            continue
        rows += [
            keys | {"spin": spin, "window": window} | _row(getattr(windows, window))
            for window in _WINDOWS
        ]
    return rows


def _row(document: Document) -> dict[str, Any]:
    """Return the plain fields of a document; those of an environment and of schemes among them."""
    row: dict[str, Any] = {}
    for name in type(document).model_fields:
        value = getattr(document, name)
        if value is None or isinstance(value, str | int | float):
            row[name] = value
        elif isinstance(value, Document) and name == "environment":
            row |= _row(value)
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            row[name] = "; ".join(value)
        elif isinstance(value, dict) and name.endswith("_ev"):
            row |= {f"{name}[{key}]": item for key, item in value.items()}
    return row


def _frame(rows: list[dict[str, Any]], columns: Iterable[str], result: object = None) -> DataFrame:
    """Return a table; without rows it has the columns that it would have at least."""
    try:
        import pandas as pd  # noqa: PLC0415 (an optional package, and half a second)
    except ImportError as error:
        raise ImportError(
            "tables need pandas; install it with pip install 'llo-dft[notebook]'"
        ) from error
    if getattr(result, "mock", False):  # in sight: the numbers are of a stand-in, and no results
        rows = [{"mock": True} | row for row in rows]
    frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(columns))
    if isinstance(result, StudyResult):
        engine = result.fingerprint.model if result.fingerprint is not None else ""
        frame.attrs |= {"study": result.study, "engine": engine or result.engine}
        if result.oxygen is not None:
            frame.attrs["oxygen_scheme"] = result.oxygen.scheme
    return frame
