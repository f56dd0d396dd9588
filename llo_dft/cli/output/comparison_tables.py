"""Several engines' results side by side, as tables for a terminal."""

from collections.abc import Callable, Iterator

import typer

from llo_dft.cli.output.phrases import coating_texts, crossing_text
from llo_dft.cli.output.terminal import RULE, number, print_mock, print_table
from llo_dft.documents.comparison import (
    ComparedEngine,
    ComparedResult,
    ComparedVacancy,
    EngineVacancy,
    Result,
    SpreadSummary,
    StudyComparison,
)
from llo_dft.documents.labels import pair_name, system_name
from llo_dft.documents.state_of_charge import TurningPoint
from llo_dft.documents.study_result import InterfaceResult
from llo_dft.documents.voltage import VoltageResult


def print_comparison(comparison: StudyComparison) -> None:
    """Print E_f, differences, x0 and voltages of every engine with their spread."""
    print_mock(mock=comparison.mock)
    typer.echo(f"{comparison.study}: {comparison.composition}")
    for place, engine in enumerate(comparison.engines, start=1):
        typer.echo(f"({place}) {engine.name}: {_oxygen(engine)}; {engine.folder}")
    columns = [f"({i})\n{one.engine}" for i, one in enumerate(comparison.engines, start=1)]
    schemes = ["no O2" if one.oxygen is None else one.oxygen.scheme for one in comparison.engines]
    with_scheme = [f"{column}\n{scheme}" for column, scheme in zip(columns, schemes, strict=True)]
    print_table(
        ["holes/TM", "x", "<host", "<O", "<class", *with_scheme, "spread", "<remarks"],
        _vacancies(comparison),
        title="E_f, eV per O, each under its own O2 scheme; * lattice rebuilt",
    )
    if comparison.pairs:
        print_table(
            ["holes/TM", "<coating", "<O", "<class", *columns, "spread", "<sign"],
            _pairs(comparison),
            title="The same O, coated less bare, eV per O; * lattice rebuilt",
        )
    for interface in comparison.interfaces:
        typer.echo(_interface(interface))
    for point in comparison.turning_points:
        typer.echo(f"turn of {_each(point, _crossing)}")
    for voltage in comparison.voltages:
        typer.echo(f"voltage of {_each(voltage, _average, ' V')}")
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
        charge = number(host.charge.holes_per_tm), number(host.charge.lithium_fraction)
        first = (*charge, system_name(host.system, host.termination))
        for vacancy in host.vacancies:
            yield (
                *first,
                vacancy.pair,
                vacancy.site_class,
                *map(_energy, vacancy.energies),
                number(vacancy.spread_ev),
                _remarks(vacancy),
            )
            first = ("", "", "")
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
        first = next(one for one in pair.by_engine.values() if one is not None)
        agreement = {True: "agree", False: "disagree", None: pair.remark or "not known"}
        yield (
            number(first.holes_per_tm),
            first.termination,
            first.pair if first.bare_site is None else pair_name(first.site, first.bare_site),
            pair.site_class,
            *(
                "-" if one is None else number(one.difference_ev, sign=True) + "*" * one.rebuilt
                for one in pair.by_engine.values()
            ),
            number(pair.spread_ev),
            agreement[pair.same_sign],
        )


def _interface(interface: ComparedResult[InterfaceResult]) -> str:
    parts, ranks = [], []
    for engine, one in interface.by_engine.items():
        if one is None:
            continue
        found = ", ".join([f"{len(one.bonds)} bonds to the coating", *coating_texts(one.energy)])
        if one.rank is None:
            found = one.reason or one.energy.reason or "no result"
        else:
            ranks.append(one.rank)
        parts.append(f"{engine} {found}")
    if len(set(ranks)) > 1:
        named = " and ".join(map(str, ranks))
        parts.append(f"in different registries ({named}), so that the coated hosts differ")
    return f"{interface.termination}: {'; '.join(parts)}"


def _each(
    compared: ComparedResult[Result], text: Callable[[Result | None], str], unit: str = ""
) -> str:
    each = "; ".join(f"{engine} {text(one)}" for engine, one in compared.by_engine.items())
    spread = "" if compared.spread is None else f"; spread {compared.spread:.2f}{unit}"
    return f"{system_name(compared.system, compared.termination)}: {each}{spread}"


def _crossing(point: TurningPoint | None) -> str:
    if point is None:
        return "O2 has no energy"
    return crossing_text(point) if point.at is not None else point.reason or "none"


def _average(voltage: VoltageResult | None) -> str:
    if voltage is None or voltage.curve is None:
        return f"none: {'no such study' if voltage is None else voltage.reason}"
    return f"{voltage.curve.average_v:.2f} V on average"


def _summary(spread: SpreadSummary) -> str:
    if spread.largest_ev is None:
        return "no number that two engines have"
    middle, largest = number(spread.median_ev), number(spread.largest_ev)
    return f"median {middle}, largest {largest} eV (n = {spread.n})"
