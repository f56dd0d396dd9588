"""Several engines' results side by side, as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from llo_dft.cli.output.phrases import crossing_text
from llo_dft.cli.output.terminal import RULE, number, print_mock, print_table
from llo_dft.documents.labels import system_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.documents.comparison import (
        ComparedEngine,
        ComparedInterface,
        ComparedVacancy,
        EngineTurningPoint,
        EngineVacancy,
        EngineVoltage,
        SpreadSummary,
        StudyComparison,
    )


def print_comparison(comparison: StudyComparison) -> None:
    """Print E_f, differences, x0 and voltages of every engine with their spread."""
    print_mock(mock=comparison.mock)
    typer.echo(f"{comparison.study}: {comparison.composition}")
    for place, engine in enumerate(comparison.engines, start=1):
        typer.echo(f"({place}) {engine.name}: {_oxygen(engine)}; {engine.folder}")
    columns = [f"({i})\n{one.engine}" for i, one in enumerate(comparison.engines, start=1)]
    schemes = [one.oxygen_scheme or "no O2" for one in comparison.engines]
    with_scheme = [f"{column}\n{scheme}" for column, scheme in zip(columns, schemes, strict=True)]
    print_table(
        ["x", "<host", "<O", "<class", *with_scheme, "spread", "<remarks"],
        _vacancies(comparison),
        title="E_f, eV per O, each under its own O2 scheme; * lattice rebuilt",
    )
    if comparison.pairs:
        print_table(
            ["x", "<coating", "<O", "<class", *columns, "spread", "<sign"],
            _pairs(comparison),
            title="The same O, coated less bare, eV per O; * lattice rebuilt",
        )
    for interface in comparison.interfaces:
        typer.echo(_interface(interface))
    for point in comparison.turning_points:
        each = "; ".join(f"{one.engine} {_crossing(one)}" for one in point.points)
        spread = "" if point.spread is None else f"; spread {point.spread:.2f}"
        typer.echo(f"x0 of {system_name(point.system, point.termination)}: {each}{spread}")
    for voltage in comparison.voltages:
        each = "; ".join(f"{one.engine} {_average(one)}" for one in voltage.voltages)
        spread = "" if voltage.spread_v is None else f"; spread {voltage.spread_v:.2f} V"
        typer.echo(f"voltage of {system_name(voltage.system, voltage.termination)}: {each}{spread}")
    typer.echo(f"spread of E_f: {_summary(comparison.spread)}")
    typer.echo(f"  where no lattice rebuilt itself: {_summary(comparison.spread_not_rebuilt)}")
    if comparison.pairs:
        typer.echo(f"spread of coated less bare: {_summary(comparison.spread_of_pairs)}")
    typer.echo(comparison.meaning)


def _oxygen(engine: ComparedEngine) -> str:
    if engine.oxygen is None:
        return "O2 has no energy"
    return (
        f"O2 scheme {engine.oxygen.scheme}, mu_O = {engine.oxygen.mu_ev:.3f} eV at "
        f"{engine.oxygen.temperature_k:g} K, {engine.oxygen.pressure_bar:g} bar"
    )


def _vacancies(comparison: StudyComparison) -> Iterator[tuple[str, ...]]:
    for host in comparison.hosts:
        first = (f"{host.lithium_fraction:.3f}", system_name(host.system, host.termination))
        for vacancy in host.vacancies:
            yield (
                *first,
                vacancy.pair,
                vacancy.site_class,
                *map(_energy, vacancy.energies),
                number(vacancy.spread_ev),
                _remarks(vacancy),
            )
            first = ("", "")
        yield RULE


def _energy(one: EngineVacancy) -> str:
    if one.formation_energy_ev is None:
        return one.status if one.applicable else "no such O"
    return number(one.formation_energy_ev) + "*" * one.rebuilt


def _remarks(vacancy: ComparedVacancy) -> str:
    signs = "signs differ" if vacancy.same_sign is False else None
    return "; ".join(filter(None, (vacancy.remark, signs)))


def _pairs(comparison: StudyComparison) -> Iterator[tuple[str, ...]]:
    for pair in comparison.pairs:
        agreement = {True: "agree", False: "disagree", None: pair.remark or "not known"}
        yield (
            f"{pair.lithium_fraction_coated:.3f}",
            pair.termination,
            pair.pair,
            pair.site_class,
            *(number(one.difference_ev, sign=True) + "*" * one.rebuilt for one in pair.differences),
            number(pair.spread_ev),
            agreement[pair.same_sign],
        )


def _interface(interface: ComparedInterface) -> str:
    parts = []
    for one in interface.interfaces:
        work = number(one.work_of_adhesion_j_per_m2)
        found = f"{one.n_bonds} P-O bonds, work of adhesion {work} J/m2"
        if one.rank is None:
            found = one.reason or "no result"
        parts.append(f"{one.engine} {found}")
    if interface.same_registry is False:
        ranks = " and ".join(str(one.rank) for one in interface.interfaces)
        parts.append(f"in different registries ({ranks}), so that the coated hosts are others")
    return f"{interface.termination}: {'; '.join(parts)}"


def _crossing(point: EngineTurningPoint) -> str:
    return crossing_text(point) if point.lithium_fraction is not None else point.reason or "none"


def _average(voltage: EngineVoltage) -> str:
    if voltage.average_v is None:
        return f"none: {voltage.reason}"
    return f"{voltage.average_v:.2f} V on average"


def _summary(spread: SpreadSummary) -> str:
    if spread.largest_ev is None:
        return "no number that two engines have"
    middle, largest = number(spread.median_ev), number(spread.largest_ev)
    return f"median {middle}, largest {largest} eV (n = {spread.n})"
