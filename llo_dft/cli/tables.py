"""Results as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from llo_dft.documents.study import HostResult, StudyResult, VacancyResult


def print_study(result: StudyResult) -> None:
    """Print hosts, vacancies and where E_f turns."""
    console = Console(highlight=False, soft_wrap=False)
    if result.mock:
        console.print("MOCK OUTPUTS: these numbers are not results", style="bold red")
    table = Table(title=_title(result), title_justify="left")
    for name in ("x", "host (eV)", "site", "class", "cations", "E_f (eV/O)"):
        table.add_column(name, justify="right" if name[0] in "xhE" else "left")
    table.add_column("remarks", overflow="fold")
    for host in result.hosts:
        _add_host(table, host)
    console.print(table)
    for point in result.turning_points:
        console.print(f"{point.system}: {turning_text(result, point.system)}")


def turning_text(result: StudyResult, system: str) -> str:
    """Return where the lowest E_f of a system crosses zero, in words."""
    point = next(p for p in result.turning_points if p.system == system)
    if point.lithium_fraction is None:
        return f"E_f crosses zero nowhere: {point.reason}"
    low = "?" if point.low is None else f"{point.low:.2f}"
    high = "?" if point.high is None else f"{point.high:.2f}"
    text = f"lowest E_f crosses zero at x0 = {point.lithium_fraction:.2f} ({low} to {high})"
    return f"{text}; {point.reason}" if point.reason else text


def _title(result: StudyResult) -> str:
    engine = result.engine
    if result.fingerprint is not None and result.fingerprint.model:
        engine = f"{engine} {result.fingerprint.model}"
    parts = [f"{result.study}: {result.composition}, {engine} ({result.protocol})"]
    if result.oxygen is not None:
        oxygen = result.oxygen
        parts.append(
            f"mu_O = {oxygen.mu_ev:.3f} eV: scheme {oxygen.scheme}, {oxygen.temperature_k:g} K, "
            f"{oxygen.pressure_bar:g} bar"
        )
    return "\n".join(parts)


def _add_host(table: Table, host: HostResult) -> None:
    energy = f"{host.energy_ev:.3f}" if host.energy_ev is not None else host.status
    remarks = _remarks(host.reason, host.flags)
    table.add_row(f"{host.lithium_fraction:.3f}", energy, host.system, "", "", "", remarks)
    for vacancy in host.vacancies:
        _add_vacancy(table, vacancy)
    table.add_section()


def _add_vacancy(table: Table, vacancy: VacancyResult) -> None:
    around = vacancy.environment
    value = vacancy.formation_energy_ev
    table.add_row(
        "",
        "",
        vacancy.pair,
        vacancy.site_class,
        f"{around.n_tm} TM, {around.n_li + around.n_li_interlayer} Li"
        + (f", {around.n_p} P" if around.n_p else ""),
        f"{value:.3f}" if value is not None else vacancy.status,
        _remarks(vacancy.reason, vacancy.flags),
    )


def _remarks(reason: str | None, flags: list[str]) -> str:
    """Return the reason and what was rebuilt in full, and how many moments changed."""
    moments = sum(flag.startswith("moment") for flag in flags)
    lattice = [flag for flag in flags if not flag.startswith("moment")]
    changed = [f"{moments} moment{'s' * (moments > 1)} changed"] if moments else []
    return "; ".join([*([reason] if reason else []), *lattice, *changed])
