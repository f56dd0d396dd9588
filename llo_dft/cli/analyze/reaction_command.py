"""llo-dft analyze reaction: what phases in contact react to, with and without a coating between."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.analyze.phase_options import (
    Entries,
    MaterialsProject,
    PhasesFolder,
    Runs,
    phase_source,
)
from llo_dft.cli.options import Allow, AsJson, OtherEngine, OtherModel, OtherProtocol
from llo_dft.cli.output.common import COMPLETE, bad_input_in_one_line, print_json
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from llo_dft.documents.stability.phase_stability import StabilityResult
    from llo_dft.runs.phases.phase_source import PhaseSource


def reaction(  # noqa: PLR0913 (each is an option of the command)
    phases: list[str] = typer.Argument(help="Two phases or more: every pair of them is looked at."),
    *,
    coating: str | None = typer.Option(
        None, help="A phase to put between: each pair with and without it."
    ),
    study: Path | None = typer.Option(
        None, help="Folder of a study: its cathode's crystal at each state of charge, too."
    ),
    voltage: float | None = typer.Option(
        None, help="Let Li come and go at this voltage against Li/Li+, V."
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

    With a study, its crystals as the engine relaxed them are phases beside the others, which the
    same engine computes.
    """
    from llo_dft.analysis.stability.known_phases import known_formulas  # noqa: PLC0415 (--help)
    from llo_dft.analysis.stability.mixing_reactions import (  # noqa: PLC0415
        barrier_layer,
        pair_reactivity,
    )
    from llo_dft.documents.stability.phase_stability import StabilityResult  # noqa: PLC0415

    with bad_input_in_one_line():
        if study is not None and (entries is not None or runs or materials_project or engine):
            raise InputError("--study brings its own engine; give no other source of energies")
        source = (
            _source_of_study(study, folder)
            if study is not None
            else phase_source(
                entries,
                runs,
                materials_project=materials_project,
                engine=(engine, model, protocol),
                folder=folder,
                allow=allow or [],
            )
        )
        names = [source.name_of(one) for one in phases]
        pairs = [
            *combinations(names, 2),
            *((crystal, n) for crystal in source.fixed for n in names),
        ]
        if not pairs:
            raise InputError("a reaction needs two phases, or one and --study")
        layer = None if coating is None else source.name_of(coating)
        asked = {*names, *source.fixed, *([] if layer is None else [layer])}
        elements = {e for name in asked for e in source.elements_of(name)} | {"Li"}
        energies = source.energies(elements)
        known = known_formulas()
        result = StabilityResult(
            source=energies.source,
            corrections=energies.corrections,
            pairs=[pair_reactivity(energies, a, b, voltage, known) for a, b in pairs],
            barriers=[]
            if layer is None
            else [barrier_layer(energies, a, b, layer, voltage) for a, b in pairs],
            notes=energies.notes,
        )
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        _print(result)
    raise typer.Exit(COMPLETE)


def _source_of_study(study: Path, folder: Path) -> PhaseSource:
    """Return the engine of a study, with the crystals that it relaxed."""
    from llo_dft.engines.registry import engine_from, named_by_user  # noqa: PLC0415 (--help)
    from llo_dft.runs.phases.phase_source import PhaseSource  # noqa: PLC0415
    from llo_dft.runs.phases.study_crystals import study_crystals  # noqa: PLC0415
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.study_files import stored_plan  # noqa: PLC0415

    where = StudyFolder(study)
    recipe = where.recipe()
    named_by_user(recipe.engine)
    engine = engine_from(recipe.engine)
    return PhaseSource(
        engine=engine,
        folder=folder,
        progress=lambda phase: typer.echo(f"phase {phase}", err=True),
        fixed=study_crystals(stored_plan(where), where.calculations, engine),
    )


def _print(result: StabilityResult) -> None:
    from llo_dft.cli.output.terminal import print_table  # noqa: PLC0415 (keeps --help fast)

    at = result.pairs[0].voltage_v
    how = "nothing is exchanged" if at is None else f"Li comes and goes at {at:g} V"
    typer.echo(f"{result.source}, {result.corrections} energies, 0 K; {how}\n")
    print_table(
        [
            "<first",
            "<second",
            "eV/atom",
            "alone",
            "mutual",
            "atoms of first",
            "<becomes",
            "<missing",
        ],
        [
            [
                one.first,
                one.second,
                f"{one.worst.energy_ev_per_atom:.3f}",
                f"{one.own_decomposition_ev_per_atom:.3f}",
                f"{one.mutual_ev_per_atom:.3f}",
                f"{one.worst.fraction_of_first:.2f}",
                " + ".join(one.worst.products),
                ", ".join(one.missing),
            ]
            for one in result.pairs
        ],
    )
    if result.barriers:
        typer.echo(f"\nwith {result.barriers[0].coating} between, what each contact adds, eV/atom")
        print_table(
            ["<first", "<second", "without", "first | coating", "coating | second", "the worse"],
            [
                [
                    one.first,
                    one.second,
                    f"{one.without_ev_per_atom:.3f}",
                    f"{one.with_first_ev_per_atom:.3f}",
                    f"{one.with_second_ev_per_atom:.3f}",
                    f"{one.with_ev_per_atom:.3f}",
                ]
                for one in result.barriers
            ],
        )
    for note in result.notes:
        typer.echo(f"note: {note}")
