"""llo-dft analyze window: the voltages between which phases neither take up nor release Li."""

from pathlib import Path

import typer

from llo_dft.analysis.stability.windows import stability_window
from llo_dft.cli import options
from llo_dft.cli.analyze import phase_options
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_document, print_remarks
from llo_dft.cli.output.terminal import print_table
from llo_dft.documents.stability.phase_stability import StabilityResult, StabilityWindow
from llo_dft.errors import InputError
from llo_dft.report.figures.stability.window_bars import save_windows
from llo_dft.runs.phases.phase_source import known_formulas
from llo_dft.study.study_files import read_results


def window(  # noqa: PLR0913 (each is an option of the command)
    phases: list[str] = typer.Argument(help="Formulas, names of structures, or CIF files."),
    *,
    entries: phase_options.Entries = None,
    runs: phase_options.Runs = None,
    materials_project: phase_options.MaterialsProject = False,
    engine: options.OtherEngine = None,
    model: options.OtherModel = None,
    protocol: options.OtherProtocol = None,
    folder: phase_options.PhasesFolder = Path("phases"),
    allow: options.Allow = None,
    cathode: list[str] | None = typer.Option(
        None, help="NAME=LO:HI, a cathode and the voltage range of its charge, V."
    ),
    study: list[Path] | None = typer.Option(
        None, help="Folder of a study: its cathode, over the computed voltages."
    ),
    highest: float = typer.Option(5.0, min=0.1, help="Upper end of the voltage range, V."),
    figure: Path | None = typer.Option(None, help="Draw the windows to this file."),
    as_json: options.AsJson = False,
) -> None:
    """Electrochemical window of each phase against Li/Li+, and what it becomes outside.

    Energies come from one source: a file of entries, VASP runs, the Materials Project, or an
    engine that relaxes the phases of the package (default: the built-in potential).
    """
    options.check_figure(figure)
    ranges = _charge_ranges(cathode or [], study or [])
    source = phase_options.phase_source(
        entries,
        runs,
        materials_project=materials_project,
        engine=(engine, model, protocol),
        folder=folder,
        allow=allow or [],
    )
    found, notes, known = [], [], known_formulas()
    for name in [source.name_of(one) for one in phases]:
        energies = source.energies(source.elements_of(name) | {"Li"})
        found.append(stability_window(energies, name, known, highest))
        notes += energies.notes
    result = StabilityResult(
        source=energies.source,
        corrections=energies.corrections,
        windows=found,
        charge_ranges_v=ranges,
        notes=list(dict.fromkeys(notes)),
    )
    if figure is not None:
        save_windows(result, figure, highest)
    print_document(result, _print, as_json=as_json)
    complete = all(one.reduction_v is not None for one in found)
    raise typer.Exit(COMPLETE if complete else INCOMPLETE)


def _charge_ranges(cathodes: list[str], studies: list[Path]) -> dict[str, tuple[float, float]]:
    found = {}
    for text in cathodes:
        name, equals, limits = text.partition("=")
        if not (name and equals):
            raise InputError(f"--cathode must be NAME=LO:HI, got {text!r}")
        found[name] = options.parse_limits(limits, f"--cathode {name} must be {name}=LO:HI, V,")
    for folder in studies:
        result = read_results(folder / "results.json")
        curve = result.voltages[0].curve if result.voltages else None
        if curve is None or not curve.steps:
            raise InputError(f"{folder} has no voltage, so its cathode has no charge range")
        volts = [step.voltage_v for step in curve.steps]
        found[result.composition] = (min(volts), max(volts))
    return found


def _print(result: StabilityResult) -> None:
    typer.echo(f"{result.source}, {result.corrections} energies, 0 K; V against Li/Li+\n")
    rows = []
    for one in result.windows:
        for i, step in enumerate(one.steps):
            amounts = " + ".join(f"{n:.3g} {name}" for name, n in step.products.items())
            rows.append(
                [
                    one.formula if i == 0 else "",
                    f"{step.from_v:.2f}",
                    f"{step.to_v:.2f}",
                    f"{step.li_exchanged:+.2f}" if step.li_exchanged else "window",
                    f"{step.energy_from_ev_per_atom:.3f}",
                    f"{step.energy_to_ev_per_atom:.3f}",
                    amounts,
                ]
            )
        rows.append([])
    headers = ["<phase", "from (V)", "to (V)", "Li per f.u.", "E (eV/atom)", "to", "<becomes"]
    print_table(headers, rows)
    for one in result.windows:
        typer.echo(f"{one.formula} ({one.phase}): {_sentence(one)}")
    for name, (low, high) in result.charge_ranges_v.items():
        typer.echo(f"{name} is charged from {low:.2f} to {high:.2f} V")
    print_remarks([], result.notes)


def _sentence(one: StabilityWindow) -> str:
    if one.reduction_v is None:
        text = "it takes up or releases Li at every voltage"
    else:
        end = "beyond the range" if one.oxidation_beyond_range else f"{one.oxidation_v:.2f} V"
        text = f"window {one.reduction_v:.2f} V to {end}"
    if one.above_hull_ev_per_atom:
        text += (
            f"; it lies {1000 * one.above_hull_ev_per_atom:.0f} meV per atom above the phases into "
            "which it decomposes, and the window is theirs"
        )
    if one.missing:
        effect = (
            "may change the window"
            if one.above_hull_ev_per_atom
            else ("can only make the window narrower")
        )
        text += f"; incomplete: without {', '.join(one.missing)}, each of which {effect}"
    return text
