"""Results as pandas tables, for a notebook. The names of columns carry their units.

A column is a field of a document under its own name, of a nested document as ``environment.n_tm``.
Fields added by later versions become further columns.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pandas import DataFrame

from llo_dft.documents.electrons.electronic import (
    BandCenters,
    CalculationSummary,
    OxidationStates,
    SpinCenters,
)
from llo_dft.documents.state_of_charge import TurningPoint
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyPair, VacancyResult
from llo_dft.documents.voltage import VoltageCurve, VoltageStep

#: Fields of a host repeated for each of its vacancies.
_HOST_KEYS = ("system", "termination", "holes_per_tm", "lithium_fraction", "capacity_mah_per_g")

_CENTER_COLUMNS = ("label", "element", "orbital", "reference")


def vacancy_table(result: StudyResult) -> DataFrame:
    """Return a row for each oxygen vacancy, grouped by host.

    Other O2 schemes are columns ``alternatives_ev.SCHEME``. For plain runs ``host`` is the path of
    the host's run.
    """
    rows = []
    for host in result.hosts:
        keys = {key: getattr(host, key) for key in _HOST_KEYS}
        if host.run is not None:
            keys["host"] = host.run
        for vacancy in host.vacancies:
            first = {"formation_energy_ev": vacancy.formation_energy_ev}  # seen when folded
            rows.append(keys | first | vacancy.model_dump(exclude={"also_removed"}))
    return _table(rows, [*_HOST_KEYS, *VacancyResult.model_fields], result)


def host_table(result: StudyResult) -> DataFrame:
    """Return a row for each host, with its lowest formation energies and number of vacancies.

    One is the lowest of the vacancies that kept their lattice, the other of all.
    """
    rows = []
    for host in result.hosts:
        found = {
            "n_vacancies": len(host.vacancies),
            "lowest_formation_energy_ev": min(host.kept_energies_ev, default=None),
            "lowest_with_rebuilt_ev": min(host.formation_energies_ev, default=None),
        }
        rows.append(host.model_dump(exclude={"vacancies"}) | found)
    return _table(rows, HostResult.model_fields, result)


def turning_table(result: StudyResult) -> DataFrame:
    """Return a row for each line of E_f: where it crosses zero, and each share's interval.

    ``at.holes_per_tm`` is the value; the ends of the interval of a source are columns as
    ``sites.earliest.holes_per_tm``.
    """
    rows = []
    for point in result.turning_points:
        shares = {one.source: one.model_dump(exclude={"source"}) for one in point.shares}
        rows.append(point.model_dump(exclude={"shares"}) | shares)
    return _table(rows, TurningPoint.model_fields, result)


def pair_table(result: StudyResult) -> DataFrame:
    """Return a row for each O in bare and coated at equal charge, with the difference of E_f."""
    rows = [pair.model_dump() for pair in result.pairs]
    return _table(rows, VacancyPair.model_fields, result)


def voltage_table(
    result: StudyResult | VoltageCurve | Sequence[VoltageCurve],
) -> DataFrame:
    """Return a row for each step between adjacent stable hosts."""
    if isinstance(result, StudyResult):
        named = [
            ({"system": one.system, "termination": one.termination}, one.curve)
            for one in result.voltages
        ]
    else:
        curves = [result] if isinstance(result, VoltageCurve) else list(result)
        named = [({"system": curve.system}, curve) for curve in curves]
    rows = [
        keys | step.model_dump() | {"average_v": curve.average_v}
        for keys, curve in named
        if curve is not None
        for step in curve.steps
    ]
    return _table(rows, ["system", *VoltageStep.model_fields], result)


def band_center_table(*centers: BandCenters) -> DataFrame:
    """Return a row for each window and spin of all atoms, of each class and of each atom."""
    rows = []
    for one in centers:
        keys = {name: getattr(one, name) for name in _CENTER_COLUMNS}
        every: list[tuple[dict[str, Any], SpinCenters]] = [
            ({"of": "all", "n_sites": len(one.sites)}, one.total)
        ]
        for name, found in one.classes.items():
            about = {"of": "class", "site_class": name, "n_sites": found.n_sites}
            every.append((about, found.centers))
        for site in one.sites:
            about = {"of": "site", "site_class": site.site_class, "site": site.site, "n_sites": 1}
            every.append((about, site.centers))
        rows += [
            keys | about | {"spin": spin, "window": window} | center
            for about, spins in every
            for spin, windows in spins.model_dump().items()
            if windows is not None
            for window, center in windows.items()
        ]
    columns = ["of", "site_class", "site", "n_sites", "spin", "window", "center_ev", "weight"]
    return _table(rows, [*_CENTER_COLUMNS, *columns, "width_ev"])


def summary_table(summaries: Iterable[CalculationSummary]) -> DataFrame:
    """Return a row for each finished calculation."""
    rows = []
    for one in summaries:
        row = one.model_dump(exclude={"fingerprint": True, "oxidation_states": True})
        if one.fingerprint is not None:
            row["functional"] = one.fingerprint.functional
        if one.oxidation_states is not None:
            counts = one.oxidation_states.counts.items()
            row["oxidation_states"] = ", ".join(f"{n} {name}" for name, n in counts)
        rows.append(row)
    return _table(rows, ["path", "formula", "energy_ev"])


def oxidation_table(states: OxidationStates) -> DataFrame:
    """Return a row for each atom, with its state and how that was found."""
    return _table([atom.model_dump() for atom in states.atoms], ["site", "element", "state"])


def _table(rows: list[dict[str, Any]], columns: Iterable[str], result: object = None) -> DataFrame:
    """Return a table; without rows it still has its basic columns."""
    try:
        import pandas as pd  # noqa: PLC0415 (an optional package, and half a second)
    except ImportError as error:
        raise ImportError(
            "tables need pandas; install it with pip install 'llo-dft[notebook]'"
        ) from error
    if getattr(result, "mock", False):  # visibly marked: the numbers are mock, not results
        rows = [{"mock": True} | row for row in rows]
    frame = pd.json_normalize(rows).map(_cell) if rows else pd.DataFrame(columns=list(columns))
    if isinstance(result, StudyResult):
        engine = result.fingerprint.model if result.fingerprint is not None else ""
        frame.attrs |= {"study": result.study, "engine": engine or result.engine}
        if result.oxygen is not None:
            frame.attrs["oxygen_scheme"] = result.oxygen.scheme
    return frame


def _cell(value: Any) -> Any:  # noqa: ANN401 (whatever a field holds)
    return "; ".join(map(str, value)) if isinstance(value, list) else value
