"""What was found in plain runs, as tables for a terminal."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.output.common import print_remarks
from llo_dft.cli.output.phrases import cations_text, potential_text, remarks, turning_text
from llo_dft.cli.output.terminal import RULE, number, print_mock, print_table
from llo_dft.report.titles import settings_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llo_dft.documents.plain_run_results import (
        RunHost,
        RunRecord,
        RunVacancy,
        VacancyRuns,
        VoltageRuns,
    )


def report_problems(runs: Sequence[RunRecord], allowed_differences: Sequence[str]) -> None:
    """Name on stderr the runs that were not used, and the differences that were accepted."""
    for run in runs:
        if run.status != "completed":
            reason = run.reason or ""
            named = reason if reason.startswith(run.path) else f"{run.path}: {reason}"
            typer.echo(f"llo-dft: {run.status}: {named}", err=True)
    for text in allowed_differences:
        typer.echo(f"llo-dft: allowed to differ: {text}", err=True)


def print_vacancy_runs(result: VacancyRuns) -> None:
    """Print hosts, vacancies and where E_f turns."""
    print_mock(mock=result.mock)
    fingerprint = next((host.fingerprint for host in result.hosts if host.fingerprint), None)
    typer.echo(settings_text(fingerprint))
    oxygen = result.oxygen
    if oxygen is None:
        typer.echo(f"no mu_O: {result.oxygen_reason}")
    else:
        typer.echo(f"{potential_text(oxygen)}, {oxygen.o2_energy_source}")
    vacancies = [vacancy for host in result.hosts for vacancy in host.vacancies]
    schemes = sorted({name for vacancy in vacancies for name in vacancy.alternatives_ev})
    around = any(one.environment for vacancy in vacancies for one in vacancy.removed or [])
    headers = ["x", "<run", "<O removed", "<cations", "E_f (eV/O)", *schemes, "<remarks"]
    rows = list(_hosts(result, schemes))
    if not around:
        headers.remove("<cations")
        rows = [row[:3] + row[4:] for row in rows]
    print_table(headers, rows)
    for point in result.turning_points:
        typer.echo(f"{point.system}: {turning_text(point)}")
    for name, text in result.other_schemes.items():
        typer.echo(f"O2 scheme {name}: {text}")
    print_remarks([], result.notes)


def print_voltage_runs(result: VoltageRuns) -> None:
    """Print the stable steps, the average and what lies above the hull."""
    print_mock(mock=result.mock)
    curve = result.curve
    if curve is None:
        typer.echo(f"no voltage: {result.reason}")
        return
    typer.echo(f"{settings_text(result.fingerprint)}; {curve.lithium_metal_source}, 0 K")
    steps = [
        (
            f"{step.lithium_fraction_from:.3f}",
            f"{step.lithium_fraction_to:.3f}",
            str(step.n_li),
            number(step.voltage_v),
        )
        for step in curve.steps
    ]
    print_table(["from x", "to x", "Li", "voltage (V)"], steps)
    typer.echo(f"average {curve.average_v:.3f} V")
    for point in curve.unstable:
        typer.echo(
            f"above the hull: {point.label}, x = {point.lithium_fraction:.3f}, by "
            f"{point.above_hull_ev:.4f} eV per Li exchanged"
        )
    print_remarks([], result.notes)


def _hosts(result: VacancyRuns, schemes: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Give a row for each host and each of its vacancies; a table has no room for whole paths."""
    folder = os.path.commonpath([Path(run.path).absolute().parent for run in result.runs])
    for host in result.hosts:
        name = f"{os.path.relpath(host.path, folder)} ({host.formula})"
        fraction = number(host.lithium_fraction, none="?")
        yield fraction, name, "", "", "", *[""] * len(schemes), _host_remarks(host)
        for vacancy in host.vacancies:
            energies = [vacancy.alternatives_ev.get(scheme) for scheme in schemes]
            yield (
                "",
                os.path.relpath(vacancy.path, folder),
                _removed(vacancy),
                "; ".join(cations_text(one.environment) for one in vacancy.removed or []),
                number(vacancy.formation_energy_ev, none=vacancy.status),
                *(number(energy, none="") for energy in energies),
                remarks(vacancy.reason, vacancy.flags),
            )
        yield RULE


def _host_remarks(host: RunHost) -> str:
    temperature = host.turning_temperature_k
    turns = None if temperature is None else f"lowest E_f crosses zero at {temperature:.0f} K"
    return "; ".join(filter(None, (remarks(host.reason, host.flags), turns)))


def _removed(vacancy: RunVacancy) -> str:
    if vacancy.removed is None:
        return f"{vacancy.n_removed} O, not known which"
    return ", ".join(
        f"O{one.site}" + (f" ({one.site_class})" if one.site_class else "")
        for one in vacancy.removed
    )
