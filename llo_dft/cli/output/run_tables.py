"""What was found in plain runs, as tables for a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from llo_dft.cli.output.study_tables import print_mock, remarks, turning_text
from llo_dft.report.titles import settings_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.documents.plain_run_results import (
        RunHost,
        RunRecord,
        RunVacancy,
        VacancyRuns,
        VoltageRuns,
    )
    from llo_dft.documents.sites import OxygenEnvironment


def report_problems(runs: Sequence[RunRecord], let_through: Sequence[str]) -> None:
    """Name on stderr the runs that were not used, and the differences that were let through."""
    for run in runs:
        if run.status != "completed":
            reason = run.reason or ""
            named = reason if reason.startswith(run.path) else f"{run.path}: {reason}"
            typer.echo(f"llo-dft: {run.status}: {named}", err=True)
    for text in let_through:
        typer.echo(f"llo-dft: allowed to differ: {text}", err=True)


def print_vacancy_runs(result: VacancyRuns) -> None:
    """Print hosts, vacancies and where E_f turns."""
    console = Console(highlight=False, soft_wrap=False)
    print_mock(console, mock=result.mock)
    others = sorted({name for v in _vacancies(result) for name in v.alternatives_ev})
    typer.echo(_title(result))
    table = Table()
    around = any(one.environment for v in _vacancies(result) for one in v.removed or [])
    for name in ("x", "run", "O removed", *(["cations"] if around else [])):
        table.add_column(name, justify="right" if name == "x" else "left", overflow="fold")
    for name in ("E_f (eV/O)", *others):
        table.add_column(name, justify="right")
    table.add_column("remarks", overflow="fold")
    short = _short_names([run.path for run in result.runs])
    for host in result.hosts:
        x = "?" if host.lithium_fraction is None else f"{host.lithium_fraction:.3f}"
        blank = [""] * (2 + around + len(others))
        table.add_row(x, f"{short[host.path]} ({host.formula})", *blank, _host_remarks(host))
        for vacancy in host.vacancies:
            row = _row(vacancy, others)
            table.add_row("", short[vacancy.path], *(row if around else row[:1] + row[2:]))
        table.add_section()
    console.print(table)
    for point in result.turning_points:
        console.print(f"{point.system}: {turning_text(point)}")
    for name, text in result.other_schemes.items():
        console.print(f"O2 scheme {name}: {text}")
    for note in result.notes:
        console.print(f"note: {note}")


def print_voltage_runs(result: VoltageRuns) -> None:
    """Print the stable steps, the average and what lies above the hull."""
    console = Console(highlight=False, soft_wrap=False)
    print_mock(console, mock=result.mock)
    curve = result.curve
    if curve is None:
        console.print(f"no voltage: {result.reason}")
        return
    typer.echo(f"{settings_text(result.fingerprint)}; {curve.lithium_metal_source}, 0 K")
    table = Table()
    for name in ("from x", "to x", "Li", "voltage (V)"):
        table.add_column(name, justify="right")
    for step in curve.steps:
        table.add_row(
            f"{step.lithium_fraction_from:.3f}",
            f"{step.lithium_fraction_to:.3f}",
            f"{step.n_li}",
            f"{step.voltage_v:.3f}",
        )
    console.print(table)
    console.print(f"average {curve.average_v:.3f} V")
    for point in curve.unstable:
        console.print(
            f"above the hull: {point.label}, x = {point.lithium_fraction:.3f}, by "
            f"{point.above_hull_ev:.4f} eV per Li exchanged"
        )
    for note in result.notes:
        console.print(f"note: {note}")


def _vacancies(result: VacancyRuns) -> list[RunVacancy]:
    return [vacancy for host in result.hosts for vacancy in host.vacancies]


def _title(result: VacancyRuns) -> str:
    fingerprint = next((host.fingerprint for host in result.hosts if host.fingerprint), None)
    parts = [settings_text(fingerprint)]
    oxygen = result.oxygen
    if oxygen is None:
        parts.append(f"no mu_O: {result.oxygen_reason}")
    else:
        parts.append(
            f"mu_O = {oxygen.mu_ev:.3f} eV: scheme {oxygen.scheme}, {oxygen.temperature_k:g} K, "
            f"{oxygen.pressure_bar:g} bar, {oxygen.o2_energy_source}"
        )
    return "\n".join(parts)


def _host_remarks(host: RunHost) -> str:
    parts = [remarks(host.reason, host.flags)]
    if host.turning_temperature_k is not None:
        parts.append(f"lowest E_f crosses zero at {host.turning_temperature_k:.0f} K")
    return "; ".join(part for part in parts if part)


def _short_names(paths: Sequence[str]) -> dict[str, str]:
    """Return paths without the folders that all of them lie in, which a table has no room for."""
    folders = [Path(path).parent.parts for path in paths]
    shared = 0
    while all(len(parts) > shared and parts[shared] == folders[0][shared] for parts in folders):
        shared += 1
    return {path: str(Path(*Path(path).parts[shared:])) for path in paths}


def _row(vacancy: RunVacancy, others: Sequence[str]) -> list[str]:
    """Return the oxygen removed, the cations around it, energies and remarks."""
    value = vacancy.formation_energy_ev
    removed, around = f"{vacancy.n_removed} O, which is not told", ""
    if vacancy.removed is not None:
        removed = ", ".join(
            f"O{one.site}" + (f" ({one.site_class})" if one.site_class else "")
            for one in vacancy.removed
        )
        around = "; ".join(
            _cations(one.environment) for one in vacancy.removed if one.environment is not None
        )
    energies = [vacancy.alternatives_ev.get(name) for name in others]
    return [
        removed,
        around,
        vacancy.status if value is None else f"{value:.3f}",
        *("" if energy is None else f"{energy:.3f}" for energy in energies),
        remarks(vacancy.reason, vacancy.flags),
    ]


def _cations(around: OxygenEnvironment) -> str:
    text = f"{around.n_tm} TM, {around.n_li + around.n_li_interlayer} Li"
    return f"{text}, {around.n_former} P" if around.n_former else text
