"""Results as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from llo_dft.documents.labels import system_name

if TYPE_CHECKING:
    from llo_dft.documents.comparison import EngineTurningPoint
    from llo_dft.documents.study_result import (
        HostResult,
        InterfaceResult,
        StudyResult,
        TurningPoint,
        VacancyResult,
        VoltageResult,
    )


#: What stands above numbers that a stand-in made.
MOCK = "MOCK OUTPUTS - NOT A RESULT"

#: Flags of a rebuilt lattice in a table; the results hold all.
_FLAGS_SHOWN = 3


def print_mock(console: Console, *, mock: bool) -> None:
    """Say first, and in red, that numbers are a stand-in's."""
    if mock:
        console.print(MOCK, style="bold red")


def print_study(result: StudyResult) -> None:
    """Print hosts, vacancies and where E_f turns."""
    console = Console(highlight=False, soft_wrap=False)
    print_mock(console, mock=result.mock)
    table = Table(title=_title(result), title_justify="left")
    for name in ("x", "host (eV)", "site", "class", "cations", "E_f (eV/O)"):
        table.add_column(name, justify="right" if name[0] in "xhE" else "left")
    table.add_column("remarks", overflow="fold")
    for host in result.hosts:
        _add_host(table, host)
    console.print(table)
    for point in result.turning_points:
        console.print(f"{system_name(point.system, point.termination)}: {turning_text(point)}")
    for voltage in result.voltages:
        console.print(f"{system_name(voltage.system, voltage.termination)}: {_voltage(voltage)}")
    for interface in result.interfaces:
        console.print(f"{interface.termination}: {_interface(interface)}")
    if result.pairs:
        console.print(_pairs(result))


def crossing_text(point: TurningPoint | EngineTurningPoint) -> str:
    """Return a lithium fraction at which E_f crosses zero, with its interval."""
    low, high = ("?" if end is None else f"{end:.2f}" for end in (point.low, point.high))
    return f"{point.lithium_fraction:.2f} ({low} to {high})"


def turning_text(point: TurningPoint) -> str:
    """Return where the lowest E_f of a system crosses zero, in words."""
    if point.lithium_fraction is None:
        return f"E_f crosses zero nowhere: {point.reason}"
    text = f"lowest E_f crosses zero at x0 = {crossing_text(point)}"
    return f"{text}; {point.reason}" if point.reason else text


def _voltage(voltage: VoltageResult) -> str:
    if voltage.curve is None:
        return f"no voltage: {voltage.reason}"
    steps = ", ".join(
        f"{step.lithium_fraction_from:.2f}-{step.lithium_fraction_to:.2f} {step.voltage_v:.2f} V"
        for step in voltage.curve.steps
    )
    return f"{voltage.curve.average_v:.2f} V on average ({steps})"


def _interface(interface: InterfaceResult) -> str:
    if interface.status != "completed":
        return f"{interface.status}: {interface.reason}"
    lengths = ", ".join(f"{bond.length_angstrom:.2f}" for bond in interface.bonds)
    bonds = f"P-O bonds to lattice O: {lengths} A" if lengths else "no P-O bond to lattice O"
    larger, smaller = interface.coating_strain
    parts = [bonds, f"coating strained {larger:+.1%} and {smaller:+.1%}"]
    energy = interface.energy
    if energy.work_of_adhesion_j_per_m2 is not None:
        parts.append(f"work of adhesion {energy.work_of_adhesion_j_per_m2:.2f} J/m2")
    if energy.formation_energy_j_per_m2 is not None:
        at = "" if energy.voltage_v is None else f" at {energy.voltage_v:.2f} V"
        parts.append(f"formation energy {energy.formation_energy_j_per_m2:.2f} J/m2{at}")
    return "; ".join([*parts, *([energy.reason] if energy.reason else [])])


def _pairs(result: StudyResult) -> Table:
    table = Table(title="The same O in both, eV per O", title_justify="left")
    for name in ("x bare", "x coated", "coating", "O", "class", "bare", "coated", "difference"):
        table.add_column(name, justify="left" if name in {"coating", "O", "class"} else "right")
    for pair in result.pairs:
        table.add_row(
            f"{pair.lithium_fraction_bare:.3f}",
            f"{pair.lithium_fraction_coated:.3f}",
            pair.termination,
            f"O{pair.site}",
            f"{pair.site_class} {pair.layer}" + (", bonded to P" if pair.bonded_to_former else ""),
            f"{pair.bare_ev:.3f}",
            f"{pair.coated_ev:.3f}",
            f"{pair.difference_ev:+.3f}" + (" (rebuilt)" if pair.rebuilt else ""),
        )
    return table


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
    system = system_name(host.system, host.termination)
    said = remarks(host.reason, host.flags)
    table.add_row(f"{host.lithium_fraction:.3f}", energy, system, "", "", "", said)
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
        ""
        if around is None
        else f"{around.n_tm} TM, {around.n_li + around.n_li_interlayer} Li"
        + (f", {around.n_former} P" if around.n_former else ""),
        f"{value:.3f}" if value is not None else vacancy.status,
        remarks(vacancy.reason, vacancy.flags),
    )


def remarks(reason: str | None, flags: list[str]) -> str:
    """Return the reason, the first of what was rebuilt, and how many moments changed."""
    moments = sum(flag.startswith("moment") for flag in flags)
    lattice = [flag for flag in flags if not flag.startswith("moment")]
    rest = len(lattice) - _FLAGS_SHOWN
    more = [f"{rest} more"] if rest > 0 else []
    changed = [f"{moments} moment{'s' * (moments > 1)} changed"] if moments else []
    return "; ".join([*([reason] if reason else []), *lattice[:_FLAGS_SHOWN], *more, *changed])
