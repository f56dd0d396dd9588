"""A potential relaxes first and a program goes on: by hand-made makers, and through a study."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import standin_gpaw
from engines_by_name import engine_of
from monty.json import MontyEncoder, MSONable
from pymatgen.core import Lattice, Structure
from studies import tiny_recipe

from llo_dft.chemistry.element_table import LOW_SPIN_START
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.decoding.named_objects import decode
from llo_dft.engines.base import (
    Engine,
    EngineError,
    MagneticMaker,
    Outcome,
    OxygenReference,
    StartFrom,
)
from llo_dft.engines.finished_study import FinishedRelaxation, FinishedStudy
from llo_dft.engines.pre_relaxation import PreRelaxedCalculation, PreRelaxedEngine
from llo_dft.engines.registry import engine_from
from llo_dft.errors import InputError
from llo_dft.jobs.calculate import calculate
from llo_dft.recipe import EngineChoice

if TYPE_CHECKING:
    from pathlib import Path


#: How far the potential moves the first atom against the others, in fractions of the cell.
SHIFT = 0.01
#: How far all of them drift, which a slab may do in its vacuum.
DRIFT = 0.6


@dataclass
class ShiftingCalculation(MSONable):
    """A potential that moves one atom along c while all drift, in seven steps."""

    kind: str
    protocol: str = "balanced"
    model: str = "1"

    def settings(self) -> dict[str, Any]:
        return {"shift": SHIFT}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        del structure
        version = {"engine": "shifting", "engine_version": "3", "model": self.model}
        return Fingerprint(**version, functional="none", settings={"weights_sha256": "abc"})

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        (folder / "relaxation.traj").write_text("steps", encoding="utf-8")
        moved = structure.copy(site_properties={})
        moved.translate_sites(range(len(moved)), [0, 0, DRIFT], to_unit_cell=False)
        moved.translate_sites([0], [0, 0, SHIFT], to_unit_cell=False)
        return Outcome(moved, -1.0, 0.01, None, n_steps=7, n_evaluations=8)

    def read_back(self, folder: Path) -> None:
        del folder


@dataclass
class MomentCalculation(ShiftingCalculation):
    """One that also knows moments, as CHGNet does."""

    moments: tuple[float, ...] = ()

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        outcome = super().calculate(structure, folder)
        return replace(outcome, magmoms_mu_b=list(self.moments))


class ShiftingEngine(Engine):
    name = "shifting"
    protocol = "balanced"
    capabilities = frozenset({"energy"})
    oxygen = OxygenReference(None, "none")

    def __init__(self) -> None: ...

    def maker(self, kind: str) -> ShiftingCalculation:
        return ShiftingCalculation(kind)


@pytest.fixture(autouse=True)
def _standin(monkeypatch):
    standin_gpaw.use(monkeypatch)


def engine(protocol):
    settings = EngineChoice(name="gpaw", protocol=protocol)
    return PreRelaxedEngine(settings, ShiftingEngine(), engine_of("gpaw", protocol))


@pytest.mark.parametrize(("protocol", "name"), [("fast", "shifting"), ("balanced", "gpaw")])
def test_a_structure_alone_is_the_potentials_where_the_program_relaxes_nothing(
    plan, protocol, name
):
    maker = engine(protocol).geometry_maker("slab_relax")
    assert maker.fingerprint(plan.slab).engine == name


@pytest.mark.parametrize(
    ("protocol", "stage", "after"),
    [("fast", "static", "a single point there"), ("balanced", "relax", "3 by gpaw")],
)
def test_the_program_begins_where_the_potential_ended(plan, tmp_path, protocol, stage, after):
    maker = engine(protocol).maker("slab_relax")
    assert isinstance(maker, MagneticMaker)
    found = calculate.original(plan.slab, maker, "slab", str(tmp_path))
    assert found.status == "completed", found.reason
    assert (found.kind, found.protocol) == ("slab_relax", protocol)
    folder = tmp_path / found.key
    given = json.loads((folder / "input.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["electrons"]) for one in given["stages"]] == [(stage, False)]
    before = plan.slab.frac_coords[:, 2]
    heights = [place[2] for place in given["atoms"]["scaled_positions"]]
    moved = SHIFT * (np.arange(len(before)) == 0) - SHIFT / len(before)
    assert heights == pytest.approx(before + moved, abs=1e-6)
    assert any(given["atoms"]["moments"]), "the program begins with moments"
    assert found.structure.frac_coords[:, 2] == pytest.approx(before + moved, abs=1e-6)
    assert found.n_pre_steps == 7
    assert f"relaxed in 7 steps by shifting, then {after}" in found.notes
    assert "pre_relaxation/relaxation.traj" in found.output_files
    assert (folder / "pre_relaxation/relaxation.traj").is_file()


@pytest.mark.parametrize(("protocol", "crystal"), [("fast", "static"), ("balanced", "bulk_relax")])
def test_from_a_finished_study_all_relax_but_a_quick_crystal_that_slabs_are_cut_from(
    protocol, crystal, tmp_path
):
    calculate.original(
        Structure(Lattice.cubic(3), ["Li"], [[0, 0, 0]]),
        MomentCalculation("slab_relax", moments=[0.0]),
        "s",
        str(tmp_path / "calculations"),
    )
    settings = EngineChoice(name="gpaw", protocol=protocol, start_from=str(tmp_path))
    both = PreRelaxedEngine(settings, FinishedStudy(str(tmp_path)), engine_of("gpaw", protocol))
    assert [both.maker(k).then.kind for k in ("slab_relax", "bulk_relax")] == [
        "slab_relax",
        "bulk_relax",
    ]
    assert both.geometry_maker("bulk_relax").then.kind == crystal


def test_a_finished_studys_moments_are_begun_with_in_the_formal_direction(plan, tmp_path):
    there = tmp_path / "study" / "calculations"
    metals = [i for i, site in enumerate(plan.slab) if site.specie.symbol not in {"Li", "O"}]
    found = [0.1 if i in metals else 0.02 for i in range(len(plan.slab))]
    found[metals[0]] = 3.7
    calculate.original(plan.slab, MomentCalculation("slab_relax", moments=found), "s", str(there))
    first = FinishedStudy(str(there.parent))
    settings = EngineChoice(name="gpaw", protocol="balanced", start_from=str(there.parent))
    gpaw = engine_of("gpaw", "balanced", magnetic_order="rows")
    maker = PreRelaxedEngine(settings, first, gpaw).maker("slab_relax")
    made = calculate.original(plan.slab, maker, "slab", str(tmp_path))
    assert made.status == "completed", made.reason
    given = json.loads((tmp_path / made.key / "input.json").read_text(encoding="utf-8"))
    formal = made.initial_structure.site_properties["magmom"]
    moments = given["atoms"]["moments"]
    assert {formal[i] > 0 for i in metals} == {True, False}, "both directions"
    assert [abs(moments[i]) for i in metals] == [3.7, *[LOW_SPIN_START] * (len(metals) - 1)]
    assert [moments[i] > 0 for i in metals] == [formal[i] > 0 for i in metals]
    assert {abs(one) for i, one in enumerate(moments) if i not in metals} == {0.02}
    # what brings its host's electrons keeps the moments that go with them
    hosts = plan.slab.copy(site_properties={"magmom": formal})
    (tmp_path / "again").mkdir()
    maker.calculate(hosts, tmp_path / "again", StartFrom(tmp_path / made.key, density=False))
    given = json.loads((tmp_path / "again" / "input.json").read_text(encoding="utf-8"))
    assert given["atoms"]["moments"] == formal


def test_the_key_has_both_and_their_versions(plan):
    maker = engine("fast").maker("slab_relax")
    plain = engine_of("gpaw").maker("slab_relax")
    assert maker.settings() != plain.settings()
    found = maker.fingerprint(plan.slab)
    assert found.own_settings["RELAXED_BY"] == "shifting 3 1 abc"
    assert found.own_settings.items() > plain.fingerprint(plan.slab).own_settings.items()
    other = PreRelaxedCalculation(
        "slab_relax", "fast", ShiftingCalculation("slab_relax", model="2"), maker.then
    )
    assert other.fingerprint(plan.slab) != found
    going_on = engine("balanced").maker("slab_relax").fingerprint(plan.slab)
    assert "RELAXED_FIRST_BY" in going_on.own_settings


def test_molecules_and_static_calculations_are_left_to_the_program():
    made = engine("fast")
    for kind in ("molecule_relax", "static"):
        assert made.maker(kind) == engine_of("gpaw").maker(kind)
    assert made.maker("bulk_relax").then.kind == "static"
    assert engine("balanced").maker("bulk_relax").then.kind == "bulk_relax"


def test_points_of_a_potentials_geometry_state_no_crossing():
    assert "single points on a potential's geometry" in engine("fast").no_crossings
    assert engine("balanced").no_crossings == engine_of("gpaw", "balanced").no_crossings


def test_a_recipe_chooses_it_and_its_maker_goes_through_a_queue():
    choice = EngineChoice(
        name="gpaw", protocol="fast", pre_relax=EngineChoice(name="chgnet", protocol="balanced")
    )
    made = engine_from(choice)
    assert (made.name, made.program.name) == ("gpaw", "GPAW")
    maker = made.maker("slab_relax")
    plain = json.loads(json.dumps(maker, cls=MontyEncoder))
    assert decode(plain) == maker
    assert maker.first.protocol == "balanced"
    otherwise = FinishedRelaxation("slab_relax", "study", "1", otherwise=maker.first)
    assert decode(json.loads(json.dumps(otherwise, cls=MontyEncoder))) == otherwise


def test_a_programs_version_and_remarks_are_its_own_still():
    potential = EngineChoice(name="chgnet", protocol="balanced")
    made = engine_from(EngineChoice(name="vasp", protocol="balanced", pre_relax=potential))
    maker = made.maker("slab_relax")
    assert maker.held_to("6.4.2").then.version == "6.4.2"
    assert maker.held_to("6.4.2").settings() == maker.settings()
    assert made.remarks(0.3) == engine_of("vasp").remarks(0.3) != []
    by_gpaw = engine_from(EngineChoice(name="gpaw", protocol="balanced", pre_relax=potential))
    maker = by_gpaw.maker("slab_relax")  # whose version is known before it runs
    assert maker.held_to("26.7") == maker


def test_a_potential_has_no_use_for_it_and_a_program_can_not_be_it():
    choice = EngineChoice(name="chgnet", pre_relax=EngineChoice(name="chgnet"))
    assert type(engine_from(choice)) is type(engine_from(EngineChoice(name="chgnet")))
    wrong = EngineChoice(name="gpaw", pre_relax=EngineChoice(name="vasp", protocol="fast"))
    with pytest.raises(EngineError, match="'vasp' starts a program; expected a potential"):
        engine_from(wrong)
    with pytest.raises(InputError, match="may not have a pre_relax of its own"):
        tiny_recipe(
            engine={
                "name": "gpaw",
                "pre_relax": {"name": "chgnet", "pre_relax": {"name": "chgnet"}},
            }
        )
