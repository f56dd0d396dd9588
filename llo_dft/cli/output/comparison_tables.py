"""Several engines' results side by side, as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from llo_dft.cli.output.study_tables import crossing_text, print_mock
from llo_dft.documents.study_result import system_name

if TYPE_CHECKING:
    from llo_dft.documents.comparison import (
        ComparedEngine,
        ComparedHost,
        ComparedInterface,
        ComparedTurningPoint,
        ComparedVacancy,
        ComparedVoltage,
        EngineTurningPoint,
        EngineVacancy,
        EngineVoltage,
        SpreadSummary,
        StudyComparison,
    )


def print_comparison(comparison: StudyComparison) -> None:
    """Print E_f, differences, x0 and voltages of every engine with their spread."""
    # a reason or a folder may hold brackets, which are no markup
    console = Console(highlight=False, markup=False, soft_wrap=True)
    print_mock(console, mock=comparison.mock)
    console.print(f"{comparison.study}: {comparison.composition}")
    for number, engine in enumerate(comparison.engines, start=1):
        console.print(f"({number}) {engine.name}: {_oxygen(engine)}; {engine.folder}")
    console.print(_vacancies(comparison))
    if comparison.pairs:
        console.print(_pairs(comparison))
    for interface in comparison.interfaces:
        console.print(_interface(interface))
    for point in comparison.turning_points:
        console.print(_turning(point))
    for voltage in comparison.voltages:
        console.print(_voltage(voltage))
    console.print(f"spread of E_f: {_summary(comparison.spread)}")
    console.print(f"  where no lattice rebuilt itself: {_summary(comparison.spread_not_rebuilt)}")
    if comparison.pairs:
        console.print(f"spread of coated less bare: {_summary(comparison.spread_of_pairs)}")
    console.print(comparison.meaning)


def _oxygen(engine: ComparedEngine) -> str:
    if engine.oxygen is None:
        return "O2 has no energy"
    return (
        f"O2 scheme {engine.oxygen.scheme}, mu_O = {engine.oxygen.mu_ev:.3f} eV at "
        f"{engine.oxygen.temperature_k:g} K, {engine.oxygen.pressure_bar:g} bar"
    )


def _vacancies(comparison: StudyComparison) -> Table:
    table = Table(
        title="E_f, eV per O, each under its own O2 scheme; * lattice rebuilt", title_justify="left"
    )
    table.add_column("x", justify="right")
    for name in ("host", "O", "class"):
        table.add_column(name, overflow="fold")
    for number, engine in enumerate(comparison.engines, start=1):
        scheme = engine.oxygen_scheme or "no O2"
        table.add_column(f"({number})\n{engine.engine}\n{scheme}", justify="right")
    table.add_column("spread", justify="right")
    table.add_column("remarks", overflow="fold")
    for host in comparison.hosts:
        _add_host(table, host)
    return table


def _add_host(table: Table, host: ComparedHost) -> None:
    fraction = f"{host.lithium_fraction:.3f}"
    name = system_name(host.system, host.termination)
    for row, vacancy in enumerate(host.vacancies):
        table.add_row(
            "" if row else fraction,
            "" if row else name,
            vacancy.pair,
            vacancy.site_class,
            *(_energy(one) for one in vacancy.energies),
            _number(vacancy.spread_ev),
            _remarks(vacancy),
        )
    table.add_section()


def _energy(one: EngineVacancy) -> str:
    if one.formation_energy_ev is None:
        return one.status if one.applicable else "no such O"
    return f"{one.formation_energy_ev:.3f}" + "*" * one.rebuilt


def _remarks(vacancy: ComparedVacancy) -> str:
    parts = [vacancy.remark] if vacancy.remark else []
    if vacancy.same_sign is False:
        parts.append("signs differ")
    return "; ".join(parts)


def _pairs(comparison: StudyComparison) -> Table:
    table = Table(
        title="The same O, coated less bare, eV per O; * lattice rebuilt", title_justify="left"
    )
    table.add_column("x", justify="right")
    for name in ("coating", "O", "class"):
        table.add_column(name, overflow="fold")
    for number, engine in enumerate(comparison.engines, start=1):
        table.add_column(f"({number})\n{engine.engine}", justify="right")
    table.add_column("spread", justify="right")
    table.add_column("sign", overflow="fold")
    for pair in comparison.pairs:
        agreement = {True: "agree", False: "disagree", None: pair.remark or "not known"}
        table.add_row(
            f"{pair.lithium_fraction_coated:.3f}",
            pair.termination,
            pair.pair,
            pair.site_class,
            *(
                "-"
                if one.difference_ev is None
                else f"{one.difference_ev:+.3f}" + "*" * one.rebuilt
                for one in pair.differences
            ),
            _number(pair.spread_ev),
            agreement[pair.same_sign],
        )
    return table


def _interface(interface: ComparedInterface) -> str:
    parts = []
    for one in interface.interfaces:
        work = one.work_of_adhesion_j_per_m2
        found = f"{one.n_bonds} P-O bonds, work of adhesion {_number(work)} J/m2"
        if one.rank is None:
            found = one.reason or "no result"
        parts.append(f"{one.engine} {found}")
    if interface.same_registry is False:
        ranks = " and ".join(str(one.rank) for one in interface.interfaces)
        parts.append(f"in different registries ({ranks}), so that the coated hosts are others")
    return f"{interface.termination}: {'; '.join(parts)}"


def _turning(point: ComparedTurningPoint) -> str:
    each = "; ".join(f"{one.engine} {_crossing(one)}" for one in point.points)
    spread = "" if point.spread is None else f"; spread {point.spread:.2f}"
    return f"x0 of {system_name(point.system, point.termination)}: {each}{spread}"


def _crossing(point: EngineTurningPoint) -> str:
    return crossing_text(point) if point.lithium_fraction is not None else point.reason or "none"


def _voltage(voltage: ComparedVoltage) -> str:
    each = "; ".join(f"{one.engine} {_average(one)}" for one in voltage.voltages)
    spread = "" if voltage.spread_v is None else f"; spread {voltage.spread_v:.2f} V"
    return f"voltage of {system_name(voltage.system, voltage.termination)}: {each}{spread}"


def _average(voltage: EngineVoltage) -> str:
    if voltage.average_v is None:
        return f"none: {voltage.reason}"
    return f"{voltage.average_v:.2f} V on average"


def _summary(spread: SpreadSummary) -> str:
    if spread.largest_ev is None:
        return "no number that two engines have"
    middle, largest = _number(spread.median_ev), _number(spread.largest_ev)
    return f"median {middle}, largest {largest} eV (n = {spread.n})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
