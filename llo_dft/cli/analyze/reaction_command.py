"""llo-dft analyze reaction: what phases in contact react to, with and without a coating between."""

from pathlib import Path

import typer

from llo_dft.cli.analyze.phase_options import (
    Entries,
    MaterialsProject,
    PhasesFolder,
    Runs,
    phase_source,
)
from llo_dft.cli.options import Allow, AsJson, OtherEngine, OtherModel, OtherProtocol
from llo_dft.cli.output.common import COMPLETE, print_document, print_remarks
from llo_dft.cli.output.phrases import REACTION_COLUMNS, reaction_cells
from llo_dft.cli.output.terminal import print_table
from llo_dft.documents.stability.phase_stability import StabilityResult
from llo_dft.errors import InputError
from llo_dft.runs.phases.contacts_of_phases import contact_reactions
from llo_dft.study.contacts.study_reactions import REACTIONS, store_reactions, study_reactions
from llo_dft.study.folder import StudyFolder


def reaction(  # noqa: PLR0913 (each is an option of the command)
    phases: list[str] | None = typer.Argument(
        None, help="Phases; every pair is examined. Not needed with --study."
    ),
    *,
    coating: str | None = typer.Option(
        None, help="Phase to put between each pair, for comparison (default: the study's coating)."
    ),
    study: Path | None = typer.Option(
        None, help="Folder of a study: its cathode's crystal at each state of charge, too."
    ),
    store: bool = typer.Option(
        default=False, help="Keep the result in the study's folder: report and screen show it."
    ),
    voltage: float | None = typer.Option(
        None, min=0.0, max=10.0, help="Allow exchange of Li at this voltage against Li/Li+, V."
    ),
    entries: Entries = None,
    runs: Runs = None,
    materials_project: MaterialsProject = False,
    engine: OtherEngine = None,
    model: OtherModel = None,
    protocol: OtherProtocol = None,
    folder: PhasesFolder = Path("phases"),
    allow: Allow = None,
    as_json: AsJson = False,
) -> None:
    """Mixing reactions of pairs of phases: eV per atom, products, and the worst ratio.

    With a study, the relaxed crystals of its cathode are paired with the phases and with its
    coating, if it has one; the same engine computes all other phases.
    """
    if study is None:
        if store:
            raise InputError("--store keeps the result in a study's folder; give --study")
        source = phase_source(
            entries,
            runs,
            materials_project=materials_project,
            engine=(engine, model, protocol),
            folder=folder,
            allow=allow or [],
        )
        result = contact_reactions(source, phases or [], coating, voltage)
    else:
        if entries is not None or runs or materials_project or engine or model or protocol:
            raise InputError("--study brings its own engine; give no other source of energies")
        result = study_reactions(
            StudyFolder(study),
            phases or [],
            coating,
            voltage,
            computed=folder,
            progress=lambda phase: typer.echo(f"phase {phase}", err=True),
        )
        if store:
            store_reactions(StudyFolder(study), result)
    print_document(result, _print, as_json=as_json)
    if store and not as_json:
        typer.echo(f"wrote {REACTIONS} in {study}; `llo-dft report {study}` shows it")
    raise typer.Exit(COMPLETE)


def _print(result: StabilityResult) -> None:
    at = result.pairs[0].voltage_v
    how = "no exchange of Li" if at is None else f"Li exchanged at {at:g} V"
    typer.echo(f"{result.source}, {result.corrections} energies, 0 K; {how}\n")
    print_table(
        ["<first", "<second", *REACTION_COLUMNS],
        [[one.first, one.second, *reaction_cells(one)] for one in result.pairs],
    )
    if result.barriers:
        typer.echo(
            f"\nwith {result.barriers[0].coating} in between, what each contact adds, eV/atom"
        )
        print_table(
            [
                *("<first", "<second", "without", "first | coating", "coating | second"),
                *("the worse", "<missing"),
            ],
            [
                [
                    one.first,
                    one.second,
                    f"{one.without_ev_per_atom:.3f}",
                    f"{one.with_first_ev_per_atom:.3f}",
                    f"{one.with_second_ev_per_atom:.3f}",
                    f"{one.with_ev_per_atom:.3f}",
                    ", ".join(one.missing),
                ]
                for one in result.barriers
            ],
        )
    if any(one.missing for one in result.pairs):
        typer.echo(
            "incomplete: each known phase that is missing can only lower eV/atom; alone and mutual "
            "may change either way"
        )
    print_remarks([], result.notes)
