"""Reactions of a study are shown only while they are of its crystals."""

from __future__ import annotations

import shutil

import pytest

from llo_dft.documents.stability.phase_stability import StabilityResult
from llo_dft.runs.phases.study_crystals import study_crystals
from llo_dft.study.contacts.study_reactions import REACTIONS, store_reactions, stored_reactions
from llo_dft.study.folder import StudyFolder, StudyFolderError
from llo_dft.study.study_files import stored_plan


def test_reactions_come_back_and_those_of_other_crystals_are_refused(finished, tmp_path):
    folder = StudyFolder(tmp_path / "study")
    shutil.copytree(finished.folder.path, folder.path)
    assert stored_reactions(folder) is None
    crystals = study_crystals(stored_plan(folder), folder.calculations)
    own = {name: crystal for name, (crystal, _) in crystals.items()}
    found = StabilityResult(source="an engine", corrections="raw", crystals=own)
    store_reactions(folder, found)
    assert stored_reactions(folder) == found
    store_reactions(folder, found.model_copy(update={"crystals": {}}))
    with pytest.raises(StudyFolderError, match="is not of the study's present crystals"):
        stored_reactions(folder)
    (folder.path / REACTIONS).write_text("{}")
    with pytest.raises(StudyFolderError, match="is not of this version"):
        stored_reactions(folder)
