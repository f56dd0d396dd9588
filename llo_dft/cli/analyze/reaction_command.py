"""llo-dft analyze reaction: what phases in contact react to, with and without a coating between."""

from pathlib import Path

import typer

from llo_dft.cli.analyze import phase_options
from llo_dft.cli.options import Allow, AsJson, OtherEngine, OtherModel, OtherProtocol
from llo_dft.cli.output.common import COMPLETE, print_document, print_phase, print_remarks
from llo_dft.cli.output.phrases import REACTION_COLUMNS, reaction_cells
from llo_dft.cli.output.terminal import number, print_table
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
    entries: phase_options.Entries = None,
    runs: phase_options.Runs = None,
    materials_project: phase_options.MaterialsProject = False,
    engine: OtherEngine = None,
    model: OtherModel = None,
    protocol: OtherProtocol = None,
    folder: phase_options.PhasesFolder = Path("phases"),
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
        source = phase_options.phase_source(
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
        kept = StudyFolder(study)
        asked = (phases or [], coating, voltage)
        result = study_reactions(kept, *asked, computed=folder, progress=print_phase)
        if store:
            store_reactions(kept, result)
    print_document(result, _print, as_json=as_json)
    if store and not as_json:
        typer.echo(f"wrote {REACTIONS} in {study}; `llo-dft report {study}` shows it")
    raise typer.Exit(COMPLETE)


def _print(result: StabilityResult) -> None:
    at = result.pairs[0].voltage_v
    how = "no exchange of Li" if at is None else f"Li exchanged at {at:g} V"
    typer.echo(f"{result.source}, {result.corrections} energies, 0 K; {how}\n")
    rows = [[one.first, one.second, *reaction_cells(one)] for one in result.pairs]
    print_table(["<first", "<second", *REACTION_COLUMNS], rows)
    if result.barriers:
        between = result.barriers[0].coating
        typer.echo(f"\nwith {between} in between, what each contact adds, eV/atom")
        rows = [
            [
                *(one.first, one.second, number(one.without_ev_per_atom)),
                *(number(one.with_first_ev_per_atom), number(one.with_second_ev_per_atom)),
                *(number(one.with_ev_per_atom), ", ".join(one.missing)),
            ]
            for one in result.barriers
        ]
        headers = ["<first", "<second", "without", "first | coating", "coating | second"]
        print_table([*headers, "the worse", "<missing"], rows)
    if any(one.missing for one in result.pairs):
        typer.echo(
            "incomplete: each known phase that is missing can only lower eV/atom; alone and mutual "
            "may change either way"
        )
    print_remarks([], result.notes)
