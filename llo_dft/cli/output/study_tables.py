"""The results of a study as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from llo_dft.cli.output.phrases import cations_text, potential_text, remarks, turning_text
from llo_dft.cli.output.terminal import RULE, number, print_mock, print_table
from llo_dft.documents.labels import system_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.documents.study_result import InterfaceResult, StudyResult, VoltageResult


def print_study(result: StudyResult) -> None:
    """Print hosts, vacancies and where E_f turns, voltages, interfaces and pairs."""
    print_mock(mock=result.mock)
    print_table(
        ["x", "host (eV)", "<site", "<class", "<cations", "E_f (eV/O)", "<remarks"],
        _hosts(result),
        title=_title(result),
    )
    for point in result.turning_points:
        typer.echo(f"{system_name(point.system, point.termination)}: {turning_text(point)}")
    for voltage in result.voltages:
        typer.echo(f"{system_name(voltage.system, voltage.termination)}: {_voltage(voltage)}")
    for interface in result.interfaces:
        typer.echo(f"{interface.termination}: {_interface(interface)}")
    if result.pairs:
        print_table(
            ["x bare", "x coated", "<coating", "<O", "<class", "bare", "coated", "difference"],
            _pairs(result),
            title="The same O in both, eV per O",
        )


def _title(result: StudyResult) -> str:
    engine = result.engine
    if result.fingerprint is not None and result.fingerprint.model:
        engine = f"{engine} {result.fingerprint.model}"
    title = f"{result.study}: {result.composition}, {engine} ({result.protocol})"
    return title if result.oxygen is None else f"{title}\n{potential_text(result.oxygen)}"


def _hosts(result: StudyResult) -> Iterator[tuple[str, ...]]:
    for host in result.hosts:
        fraction, energy = f"{host.lithium_fraction:.3f}", number(host.energy_ev, none=host.status)
        system = system_name(host.system, host.termination)
        yield fraction, energy, system, "", "", "", remarks(host.reason, host.flags)
        for vacancy in host.vacancies:
            yield (
                "",
                "",
                vacancy.pair,
                vacancy.site_class,
                cations_text(vacancy.environment),
                number(vacancy.formation_energy_ev, none=vacancy.status),
                remarks(vacancy.reason, vacancy.flags),
            )
        yield RULE


def _pairs(result: StudyResult) -> Iterator[tuple[str, ...]]:
    for pair in result.pairs:
        yield (
            f"{pair.lithium_fraction_bare:.3f}",
            f"{pair.lithium_fraction_coated:.3f}",
            pair.termination,
            f"O{pair.site}",
            f"{pair.site_class} {pair.layer}" + ", bonded to the coating" * pair.bonded_to_former,
            number(pair.bare_ev),
            number(pair.coated_ev),
            number(pair.difference_ev, sign=True) + " (rebuilt)" * pair.rebuilt,
        )


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
    bonds = f"bonds to lattice O: {lengths} A" if lengths else "no bond to lattice O"
    larger, smaller = interface.coating_strain
    parts = [bonds, f"coating strained {larger:+.1%} and {smaller:+.1%}"]
    energy = interface.energy
    if energy.work_of_adhesion_j_per_m2 is not None:
        parts.append(f"work of adhesion {energy.work_of_adhesion_j_per_m2:.2f} J/m2")
    if energy.formation_energy_j_per_m2 is not None:
        at = "" if energy.voltage_v is None else f" at {energy.voltage_v:.2f} V"
        parts.append(f"formation energy {energy.formation_energy_j_per_m2:.2f} J/m2{at}")
    return "; ".join([*parts, *([energy.reason] if energy.reason else [])])
