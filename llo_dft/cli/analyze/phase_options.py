"""Options for the source of the energies of phases."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from llo_dft.cli.output.common import print_phase
from llo_dft.engines.registry import EMBEDDED, engine_from, named_by_user
from llo_dft.errors import InputError
from llo_dft.recipe import EngineChoice
from llo_dft.runs.phases.phase_source import PhaseSource

Entries: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="JSON file of entries as written by the Materials Project's client."),
]
Runs: TypeAlias = Annotated[
    list[Path] | None, typer.Option(help="Folder of a VASP run; repeat for each phase.")
]
MaterialsProject: TypeAlias = Annotated[
    bool, typer.Option(help="Query the Materials Project, with the key in MP_API_KEY.")
]
PhasesFolder: TypeAlias = Annotated[
    Path, typer.Option(help="Folder for the engine's calculations of phases.")
]


def phase_source(
    entries: Path | None,
    runs: Sequence[Path] | None,
    *,
    materials_project: bool,
    engine: tuple[str | None, str | None, str | None],
    folder: Path,
    allow: Collection[str],
) -> PhaseSource:
    """Return the source that the options name; ``engine`` is its name, model and protocol.

    Raises ``InputError`` if there are two, or an engine's options beside a source that needs none.
    """
    if entries is not None or runs or materials_project:
        if any(engine):
            raise InputError(
                "--engine, --model and --protocol can't be combined with another source of energies"
            )
        return PhaseSource(entries, runs or (), materials_project, allow)
    name, model, protocol = engine
    own = ":" in (name or "")
    choice = EngineChoice(
        name="ase" if own else name or EMBEDDED,
        calculator=name if own else None,
        model=model,
        protocol=protocol or "balanced",
    )
    named_by_user(choice)
    found = engine_from(choice)
    found.check([])
    return PhaseSource(engine=found, folder=folder, progress=print_phase)
