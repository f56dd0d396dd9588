"""Reactions of a study's cathode, coating and other phases, kept in the study's folder.

They are not part of the study's result: ``reactions.json`` is written on request.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from llo_dft.documents.stability.phase_stability import StabilityResult
from llo_dft.engines.registry import engine_from, named_by_user
from llo_dft.runs.phases.contacts_of_phases import contact_reactions
from llo_dft.runs.phases.phase_source import PhaseSource
from llo_dft.runs.phases.study_crystals import crystal_phases, study_crystals
from llo_dft.study.folder import StudyFolder, StudyFolderError, write_whole
from llo_dft.study.study_files import stored_plan

#: Name of the file in a study's folder.
REACTIONS: Final = "reactions.json"


def study_reactions(
    folder: StudyFolder,
    phases: Sequence[str] = (),
    coating: str | None = None,
    voltage_v: float | None = None,
    *,
    computed: Path,
    progress: Callable[[str], None],
) -> StabilityResult:
    """Return the reactions of a study's cathode at each lithium content, by the study's engine.

    ``phases``, ``coating`` and ``voltage_v`` are as for ``contact_reactions``. The engine's
    calculations of the other phases are kept in ``computed``, and ``progress`` is called with the
    name of each.

    Raises ``InputError`` if the study has no crystal, or its engine has changed.
    """
    recipe = folder.recipe()
    named_by_user(recipe.engine)
    engine = engine_from(recipe.engine)
    crystals = study_crystals(stored_plan(folder), folder.calculations)
    source = PhaseSource(
        engine=engine,
        folder=computed,
        progress=progress,
        fixed=crystal_phases(crystals, engine),
    )
    own = {name: crystal for name, (crystal, _) in crystals.items()}
    return contact_reactions(source, phases, coating, voltage_v, own)


def store_reactions(folder: StudyFolder, result: StabilityResult) -> None:
    """Write reactions to a study's folder, replacing earlier ones."""
    write_whole(folder.path / REACTIONS, result.model_dump_json(indent=1) + "\n")


def stored_reactions(folder: StudyFolder) -> StabilityResult | None:
    """Return the reactions in a study's folder; None if there are none.

    Raises ``StudyFolderError`` if they are not of the study's present crystals, or not of this
    version.
    """
    path = folder.path / REACTIONS
    if not path.is_file():
        return None
    again = "run `llo-dft analyze reaction --study FOLDER --store` again, or remove the file"
    try:
        result = StabilityResult.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise StudyFolderError(
            f"{path} is not of this version ({error.error_count()} faults); {again}"
        ) from error
    now = study_crystals(stored_plan(folder), folder.calculations)
    if result.crystals != {name: crystal for name, (crystal, _) in now.items()}:
        raise StudyFolderError(f"{path} is not of the study's present crystals; {again}")
    return result
