"""Orderings and registries of a finished study are those of the one that starts from it."""

import pytest

from llo_dft.errors import InputError
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations
from llo_dft.study.start_from import with_choices


def test_the_orderings_are_those_that_the_study_ended_with(copied):
    theirs = stored_calculations(copied)
    wide = theirs.plan.model_copy(update={"n_candidates": 9, "ranked": True})
    chosen = with_choices(wide, str(copied.path))
    assert not chosen.ranked
    assert not chosen.revisits
    for host in chosen.hosts:
        assert len(host.orderings) == 1
        planned = next(one for one in theirs.plan.hosts if one.label == host.label)
        assert theirs.host(planned).structure.composition == chosen.host_structure(host).composition
        assert chosen.relaxed_orderings(host) == []


def test_a_study_of_another_slab_is_refused(copied, coated_plan):
    with pytest.raises(InputError, match="expected one of this recipe's slab"):
        with_choices(coated_plan, str(copied.path))


def test_a_folder_without_a_study_is_refused(plan, tmp_path):
    with pytest.raises(InputError, match=r"there is no .*plan.json"):
        with_choices(plan, str(StudyFolder(tmp_path).path))
