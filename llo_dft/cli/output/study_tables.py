"""Results as tables for a terminal, of a study and of plain runs alike."""

import os.path
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from llo_dft.cli.output.common import print_remarks
from llo_dft.cli.output.phrases import (
    bias_text,
    cations_text,
    coating_texts,
    potential_text,
    remarks,
    turning_text,
)
from llo_dft.cli.output.terminal import RULE, number, print_mock, print_table
from llo_dft.documents.labels import pair_name, system_name
from llo_dft.documents.study_result import HostResult, InterfaceResult, StudyResult, VacancyResult
from llo_dft.documents.voltage import VoltageResult
from llo_dft.report.answer import answer, why_none
from llo_dft.report.titles import settings_text

#: A change of energy that is worth a remark, eV.
SEEN_EV = 0.01


def print_study(result: StudyResult) -> None:
    """Print hosts, vacancies and where E_f turns, voltages, interfaces and pairs."""
    print_mock(mock=result.mock)
    vacancies = [vacancy for host in result.hosts for vacancy in host.vacancies]
    headers = ["holes/TM", "x", "mAh/g", "host (eV)", "<site", "<class", "<cations"]
    headers += ["E_f (eV/O)", "<remarks"]
    rows = list(_hosts(result))
    # for plain runs the charge is not known, nor the surroundings of the O without their layers
    known = [i for i, _ in enumerate(headers) if any(row and row[i] for row in rows)]
    empty = set() if result.study is not None else {0, 2, 5, 6} - set(known)
    typer.echo(_title(result))
    print_table(
        [name for i, name in enumerate(headers) if i not in empty],
        [[cell for i, cell in enumerate(row) if i not in empty] for row in rows],
    )
    if result.no_crossings:
        typer.echo(
            f"neither a crossing nor coated - bare is stated: {why_none(result.no_crossings)}"
        )
    for point in result.turning_points:
        of = "" if point.site is None else f", O{point.site} alone"
        typer.echo(f"{system_name(point.system, point.termination)}{of}: {turning_text(point)}")
    with_bulk = any(voltage.system == "bulk" for voltage in result.voltages)
    for bias in result.engine_bias:
        typer.echo(f"the engine's known bias: {bias_text(bias)}")
    for voltage in result.voltages:
        own = " (the slab's own)" if with_bulk and voltage.system != "bulk" else ""
        of = f"{system_name(voltage.system, voltage.termination)}{own}"
        typer.echo(f"{of}: {_voltage(voltage)}")
    for interface in result.interfaces:
        typer.echo(f"{interface.termination}: {_interface(interface)}")
    changes = {
        name: f"E_f changes by {other - vacancy.formation_energy_ev:+.3f} eV"
        for vacancy in vacancies
        if vacancy.formation_energy_ev is not None
        for name, other in vacancy.alternatives_ev.items()
    }
    for name in dict.fromkeys([*result.other_schemes, *sorted(changes)]):
        texts = result.other_schemes.get(name), changes.get(name)
        typer.echo(f"O2 scheme {name}: {'; '.join(filter(None, texts))}")
    if result.pairs:
        print_table(
            [
                *("holes/TM", "x bare", "x coated", "<coating", "<O", "<class"),
                *("bare", "coated", "difference"),
            ],
            _pairs(result),
            title="The same O in both at equal charge, eV per O",
        )
    print_remarks([], result.notes)
    if result.study is not None:
        for sentence in answer(result):
            typer.echo(sentence)


def print_voltages(result: StudyResult) -> None:
    """Print the stable steps of each system, the average and what lies above the hull."""
    print_mock(mock=result.mock)
    for voltage in result.voltages:
        curve = voltage.curve
        if curve is None:
            typer.echo(f"no voltage: {voltage.reason}")
            continue
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


def report_problems(result: StudyResult) -> None:
    """Name on stderr the runs that were not used, and the differences that were accepted."""
    vacancies = [vacancy for host in result.hosts for vacancy in host.vacancies]
    skipped = [
        (v.run, v.status, v.reason) for v in vacancies if v.status == "skipped" and not v.predicted
    ]
    wanted = [one for one in result.calculations if one.applicable]
    records = [(one.label, one.status, one.reason) for one in wanted]
    for label, status, reason in [*records, *skipped]:
        if status != "completed":
            named = reason if reason and reason.startswith(f"{label}") else f"{label}: {reason}"
            typer.echo(f"llo-dft: {status}: {named}", err=True)
    report_allowed(result.allowed_differences)


def report_allowed(differences: Sequence[str]) -> None:
    """Name on stderr in what calculations were allowed to differ."""
    for text in differences:
        typer.echo(f"llo-dft: allowed to differ: {text}", err=True)


def _title(result: StudyResult) -> str:
    title = settings_text(result.fingerprint)
    if result.study is not None:
        model = "" if result.fingerprint is None else result.fingerprint.model
        engine = " ".join(filter(None, (result.engine, model)))
        title = f"{result.study}: {result.composition}, {engine} ({result.protocol})"
    oxygen = result.oxygen
    if oxygen is None:
        return f"{title}\nno mu_O: {result.oxygen_reason}"
    return f"{title}\n{potential_text(oxygen)}, {oxygen.o2_energy_source}"


def _hosts(result: StudyResult) -> Iterator[tuple[str, ...]]:
    """Give a row for each host and each of its vacancies; a table has no room for whole paths."""
    runs = [host.run for host in result.hosts if host.run is not None]
    folder = os.path.commonpath([Path(run).absolute().parent for run in runs]) if runs else ""
    formulas = {record.label: record.formula for record in result.calculations}
    for host in result.hosts:
        name = system_name(host.system, host.termination)
        if host.run is not None:
            name = f"{os.path.relpath(host.run, folder)} ({formulas[host.run]})"
        yield (
            number(host.holes_per_tm, none=""),
            number(host.lithium_fraction, none="?"),
            number(host.capacity_mah_per_g, 0, none=""),
            number(host.energy_ev, none=host.status),
            name,
            *[""] * 3,
            "; ".join(
                filter(None, (remarks(host.reason, host.flags), _temperatures(host), _rattle(host)))
            ),
        )
        for vacancy in host.vacancies:
            classes = [one.site_class for one in vacancy.removed if one.site_class]
            yield (
                *[""] * 4,
                vacancy.pair or f"{os.path.relpath(str(vacancy.run), folder)}: {_removed(vacancy)}",
                ", ".join(classes) or vacancy.site_class,
                "; ".join(filter(None, (cations_text(one.environment) for one in vacancy.removed))),
                number(
                    vacancy.formation_energy_ev,
                    none=vacancy.status if vacancy.predicted is None else vacancy.predicted.text,
                ),
                "; ".join(filter(None, (remarks(vacancy.reason, vacancy.flags), _rattle(vacancy)))),
            )
        yield RULE


def _rattle(made: HostResult | VacancyResult) -> str:
    """Return how far the energy fell after a rattle, if that is visible in E_f."""
    gain = made.rattle_gain_ev
    return "" if gain is None or gain < SEEN_EV else f"fell {gain:.2f} eV when rattled"


def _temperatures(host: HostResult) -> str:
    """Return where the lowest E_f crosses zero, without and with rebuilt vacancies."""
    kept, every = host.turning_temperature_k, host.turning_temperature_with_rebuilt_k
    text = "" if kept is None else f"lowest E_f crosses zero at {kept:.0f} K"
    if every is None or every == kept:
        return text
    return f"{text or 'no crossing'}, with rebuilt ones at {every:.0f} K"


def _removed(vacancy: VacancyResult) -> str:
    """Return the O that a plain run lacks, by their numbers in the host's files."""
    found = ", ".join(f"O{one.site}" for one in vacancy.removed)
    return found or f"{vacancy.n_removed} O, not known which"


def _pairs(result: StudyResult) -> Iterator[tuple[str, ...]]:
    for pair in result.pairs:
        yield (
            number(pair.holes_per_tm),
            f"{pair.lithium_fraction_bare:.3f}",
            f"{pair.lithium_fraction_coated:.3f}",
            pair.termination,
            pair_name(pair.site, pair.bare_site),
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
    text = f"{voltage.curve.average_v:.2f} V on average ({steps})"
    if voltage.rebuilt:
        text += f"; rebuilt: {', '.join(voltage.rebuilt)}"
    return text


def _interface(interface: InterfaceResult) -> str:
    if interface.status != "completed":
        return f"{interface.status}: {interface.reason}"
    lengths = ", ".join(f"{bond.length_angstrom:.2f}" for bond in interface.bonds)
    bonds = f"bonds to lattice O: {lengths} A" if lengths else "no bond to lattice O"
    strain = "coating strained " + _strains(interface.coating_strain)
    if interface.relaxed_coating_strain is not None:
        strain += f", and {_strains(interface.relaxed_coating_strain)} against its relaxed crystal"
    parts = [bonds, strain, *coating_texts(interface.energy)]
    energy = interface.energy
    return "; ".join([*parts, *([energy.reason] if energy.reason else [])])


def _strains(principal: tuple[float, float]) -> str:
    larger, smaller = principal
    return f"{larger:+.1%} and {smaller:+.1%}"
