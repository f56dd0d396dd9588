"""Orderings and registries of a finished study are those of the one that starts from it."""

import json
import shutil

import pytest
from beside_metals import EngineOfTetrahedra, n_beside
from fake_study import FakeStudy
from studies import tiny_recipe

from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.atom_identity import coating_places
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.finished_study import FinishedStudy
from llo_dft.engines.registry import engine_from
from llo_dft.errors import InputError
from llo_dft.plain_files import sealed
from llo_dft.recipe import EngineChoice, with_engine
from llo_dft.study import start_from
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.result import stored_calculations
from llo_dft.study.run_study import prepare_run
from llo_dft.study.start_from import with_choices, with_potential


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


def test_li_beside_empty_metal_sites_are_there_again(tmp_path, monkeypatch):
    asked = {"fractions": [1.0, 0.5], "candidates": 12, "relaxed": 2, "voltage": "bulk"}
    plan = make_plan(tiny_recipe(delithiation=asked), tmp_path)
    study = FakeStudy(plan, tmp_path / "theirs", engine_type=EngineOfTetrahedra)
    result = study.run()
    theirs = StudyCalculations(plan, study.cache.documents(plan.labels))
    monkeypatch.setattr(start_from, "stored_calculations", lambda _: theirs)
    chosen = with_choices(plan, "theirs")
    host = chosen.hosts[1]
    assert result.hosts[1].ordering is not None
    assert len(host.moved_angstrom) == result.hosts[1].ordering.n_beside > 0
    assert n_beside(chosen.host_structure(host)) == len(host.moved_angstrom)
    (crystal,) = chosen.bulk_hosts
    assert crystal.moved_angstrom
    assert StudyPlan.model_validate_json(chosen.model_dump_json()) == chosen

    ours = FakeStudy(chosen, tmp_path / "ours")
    ours.run()
    begin = FinishedStudy(str(tmp_path / "theirs"))
    for label, kind in ((host.label, "slab_relax"), (crystal.label, "bulk_relax")):
        begun = ours.document(label).initial_structure
        assert begin.maker(kind).has(begun)


def test_li_of_a_coating_that_moved_is_left_to_the_engine(coated_plan, tmp_path, monkeypatch):
    study = FakeStudy(coated_plan, tmp_path / "theirs")
    study.run()
    found = study.cache.documents(coated_plan.labels)
    host = next(one for one in coated_plan.hosts if one.termination and one.removed)
    theirs = StudyCalculations(coated_plan, found)
    begun = theirs.first_host(host).initial_structure
    lithium = [i for i in coating_places(begun) if begun[i].specie.symbol == "Li"]
    begun.translate_sites(lithium, [0, 0, 2.0], frac_coords=False)
    monkeypatch.setattr(start_from, "stored_calculations", lambda _: theirs)
    chosen = next(h for h in with_choices(coated_plan, "theirs").hosts if h.label == host.label)
    assert lithium
    assert chosen.moved_angstrom == {}


def test_a_study_of_another_slab_is_refused(copied, coated_plan):
    with pytest.raises(InputError, match="expected one of this recipe's slab"):
        with_choices(coated_plan, str(copied.path))


def test_a_study_that_was_stopped_is_refused(copied):
    theirs = stored_calculations(copied)
    host = theirs.plan.hosts[-1].label
    assert theirs.documents[host].status == "completed"
    shutil.rmtree(copied.path / "calculations" / theirs.documents[host].key)
    with pytest.raises(InputError, match=f"is not finished: 1 of .* the first is {host}; run that"):
        with_choices(theirs.plan, str(copied.path))


def test_a_folder_without_a_study_is_refused(plan, tmp_path):
    with pytest.raises(InputError, match=r"there is no .*plan.json"):
        with_choices(plan, str(StudyFolder(tmp_path).path))


def started_from(copied, engine, **changes):
    """A recipe that starts from a finished study of some engine."""
    theirs = copied.recipe().model_copy(update={"engine": EngineChoice(**engine)})
    record = sealed({"recipe": theirs.model_dump(mode="json")})
    (copied.path / "study.json").write_text(json.dumps(record), encoding="utf-8")
    ours = EngineChoice(name="vasp", start_from=str(copied.path), **changes)
    return theirs.model_copy(update={"engine": ours})


CHGNET = {"name": "chgnet", "model": "r2scan", "protocol": "stringent"}


@pytest.mark.parametrize(
    ("engine", "potential"),
    [
        (CHGNET, CHGNET),
        ({"name": "gpaw", "pre_relax": CHGNET}, CHGNET),
        (CHGNET | {"pre_relax": {"name": "sevenn"}}, CHGNET),  # which relaxed without
        ({"name": "gpaw"}, None),
        ({"name": "ase", "calculator": "os:system"}, None),
    ],
)
def test_what_relaxed_there_relaxes_what_is_not_there(copied, engine, potential):
    found = with_potential(started_from(copied, engine))
    expected = None if potential is None else EngineChoice(**potential)
    assert found.engine.pre_relax == expected
    assert found.engine.start_from == str(copied.path)
    assert with_potential(found) == found


def test_a_potential_that_a_recipe_names_itself_is_kept(copied):
    asked = started_from(copied, CHGNET, pre_relax=EngineChoice(name="sevenn"))
    assert with_potential(asked) == asked
    plain = asked.model_copy(update={"engine": EngineChoice(name="gpaw")})
    assert with_potential(plain) == plain, "which starts from no study"


def test_a_run_that_starts_from_a_study_has_its_potential(copied, tmp_path):
    recipe = started_from(copied, {"name": "chgnet", "model": "r2scan", "protocol": "fast"})
    oxygen = recipe.oxygen.model_copy(update={"scheme": "none"})
    recipe = recipe.model_copy(update={"oxygen": oxygen})
    ours = StudyFolder(tmp_path / "ours")
    prepared = prepare_run(recipe, tmp_path, ours, computes_here=False)
    assert prepared.recipe.engine.pre_relax == copied.recipe().engine
    maker = prepared.engine.maker("slab_relax")
    assert maker.first.otherwise == engine_from(copied.recipe().engine).maker("slab_relax")
    with pytest.raises(InputError, match="is not a study; expected the folder given to"):
        prepare_run(with_start(recipe, tmp_path), tmp_path, ours, computes_here=False)


def with_start(recipe, folder):
    """The recipe, but from another folder."""
    engine = recipe.engine.model_copy(update={"start_from": str(folder)})
    return recipe.model_copy(update={"engine": engine})


def test_a_recipe_s_own_potential_stays_when_the_command_line_names_a_study(copied):
    own = EngineChoice(name="vasp", pre_relax=EngineChoice(name="sevenn"))
    recipe = copied.recipe().model_copy(update={"engine": own})
    asked = with_engine(recipe, start_from=str(copied.path))
    assert asked.engine.pre_relax == own.pre_relax
    assert with_potential(asked) == asked
