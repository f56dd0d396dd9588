"""A study through engine gpaw and a stand-in for it: its documents are those that VASP gives.

The pair potential relaxes, and only the static calculations go through the engine.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import standin_gpaw
from direct_engines import PairEngine
from engines_by_name import engine_of
from studies import coated_recipe, tiny_recipe
from typer.testing import CliRunner
from vasp_studies import prepared_study, run_here

from llo_dft.cli.main import app
from llo_dft.engines.pre_relaxation import PreRelaxedEngine
from llo_dft.engines.registry import engine_from
from llo_dft.recipe import load_recipe
from llo_dft.resources import resource_path
from llo_dft.study.drawn.study_report import write_report
from llo_dft.study.planning.make_plan import make_plan, with_electronic
from llo_dft.study.planning.planned_calculations import check_engine
from llo_dft.study.result import stored_calculations

if TYPE_CHECKING:
    from llo_dft.study.run_study import PreparedRun
    from llo_dft.typing import CalculationKind

RELAXATION = {"force_tolerance": 0.3, "cell_force_tolerance": 0.1}


class StaticsByGpaw(PairEngine):
    """The pair potential, and GPAW for what that can't give."""

    name = "gpaw"
    capabilities = frozenset({"energy", "dos", "density"})

    def maker(self, kind: CalculationKind) -> Any:
        return engine_of("gpaw").maker(kind) if kind == "static" else super().maker(kind)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PreparedRun:
    standin_gpaw.use(monkeypatch)
    recipe = coated_recipe(
        slab={"vacuum": 12.0},
        coating={"terminations": ["step-Li0-PO3"], "keep": 1, "gaps": [1.6]},
        delithiation={"fractions": [1.0]},
        vacancies={"bonded_to_former": 0},
        oxygen={"scheme": "none"},
        engine={"name": "gpaw", "protocol": "fast"},
    )
    asked = recipe.electronic.model_copy(update={"dos": True, "density": True})
    made = prepared_study(recipe.model_copy(update={"electronic": asked}), tmp_path / "study")
    return replace(made, engine=StaticsByGpaw(RELAXATION))


def test_band_centres_and_charge_difference_come_from_the_files_of_gpaw(
    prepared: PreparedRun,
) -> None:
    result = run_here(prepared)
    assert result.is_complete, [(one.label, one.reason) for one in result.calculations]
    assert len(result.band_centers) == 2
    for found in result.band_centers:
        assert found.reason is None
        assert found.centers is not None
        assert found.centers.mock
        assert (prepared.folder.path / str(found.figure)).is_file()
        # states at -4, -2, -1 and 0.1 above these, of equal weight; the VBM is -0.9
        both = found.centers.total.both.valence
        assert both.center_ev == pytest.approx(-2.28 + 0.9, abs=0.01)
        assert found.centers.edges.gap_ev == pytest.approx(1.9)
        assert set(found.centers.references_ev) == {"vbm", "fermi", "vacuum"}
    bare, coated = (one.centers for one in result.band_centers)
    assert bare is not None
    assert coated is not None
    assert set(bare.classes) == {"2TM+1Li surface"}
    assert "2TM+1Li surface, bonded to the coating" in coated.classes
    (difference,) = result.charge_differences
    assert difference.reason is None
    assert difference.residual_e == pytest.approx(0.0, abs=1e-6)
    done = CliRunner().invoke(app, ["analyze", "potential", str(prepared.folder.path), "--json"])
    assert done.exit_code == 1, done.output  # mock
    potentials = json.loads(done.stdout)
    assert len(potentials) == 4
    for found in potentials:
        # levels that the stand-in writes: vacuum 4, E_F 0, VBM -0.9
        assert found["faces"]["lower"]["work_function_ev"] == pytest.approx(4.0)
        assert found["faces"]["lower"]["ionization_energy_ev"] == pytest.approx(4.9)
        assert not any("OUTCAR" in note for note in found["notes"])
    files = {path.name for path in (prepared.folder.path / str(difference.folder)).iterdir()}
    assert {"planar_average.png", "bonds.png", "isosurface.png", "CHGCAR"} <= files


def test_a_static_that_is_killed_leaves_a_named_gap_and_the_next_run_fills_it(
    prepared: PreparedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin_gpaw.use(monkeypatch, "crash")
    first = run_here(prepared)
    assert not first.is_complete
    assert all(found.centers is None for found in first.band_centers)
    assert "GPAW ended with exit status 3" in str(first.band_centers[0].reason)
    assert "GPAW ended with exit status 3" in str(first.charge_differences[0].reason)
    standin_gpaw.use(monkeypatch)
    again = run_here(prepared)
    assert again.is_complete
    assert again.charge_differences[0].reason is None


@pytest.mark.slow
def test_the_report_shows_the_electrons_and_that_they_are_mock(prepared: PreparedRun) -> None:
    result = run_here(prepared)
    page = write_report([prepared.folder.path]).read_text(encoding="utf-8")
    assert '<span class="light mock"' in page
    (text,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL
    )
    data = json.loads(text)
    densities = [name for name in data["charts"] if name.startswith("dos_")]
    assert densities == ["dos_bare_x1.0000", "dos_coated_step-Li0-PO3_x0.6250"]
    charge = "charge_step-Li0-PO3"
    for chart in (*densities, charge):
        assert f'data-chart="{chart}"' in page
        for end in ("csv", "svg", "pdf"):
            assert f'data-file="{chart}.{end}"' in page
            assert f"{chart}.{end}" in data["files"]
    assert data["views"][charge]
    # the table of centres: the one that the result has, of each class
    (one,) = result.band_centers[0].centers.classes.values()
    assert f"<td>{one.centers.both.valence.center_ev:.2f}</td><td>VBM</td>" in page


def test_with_a_pre_relaxation_the_steps_that_it_saved_are_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    standin_gpaw.use(monkeypatch)
    recipe = tiny_recipe(
        delithiation={"fractions": [1.0]},
        oxygen={"scheme": "none"},
        engine={"name": "gpaw", "protocol": "fast", "pre_relax": {"name": "chgnet"}},
    )
    made = prepared_study(recipe, tmp_path / "study")
    pre_relaxed = PreRelaxedEngine(recipe.engine, PairEngine(RELAXATION), engine_of("gpaw"))
    result = run_here(replace(made, engine=pre_relaxed))
    assert result.is_complete, [(one.label, one.reason) for one in result.calculations]
    documents = stored_calculations(made.folder).documents
    steps = sum(one.n_pre_steps for one in documents.values())
    assert steps > len(documents)
    assert documents["O2"].n_pre_steps == 0
    said = f"chgnet made {steps} steps of the relaxations, gpaw the last "
    assert [note for note in result.notes if note.startswith(said)]


def test_the_shipped_recipe_asks_for_the_paired_o_alone_and_for_all_electrons() -> None:
    recipe = load_recipe(resource_path("workflows", "electronic_structure.toml"))
    engine = engine_from(recipe.engine)
    assert engine.name == "gpaw"
    planned = with_electronic(make_plan(recipe, Path()), recipe.electronic, engine)
    check_engine(engine, planned, machine=False)
    assert planned.not_computed == []
    assert [len(host.vacancies) for host in planned.hosts] == [1, 2, 1, 1], (
        "the bare one with holes on both faces"
    )
    # each host, and both parts of the pristine interface
    assert len(planned.statics) == 6
    assert planned.terminations == ["step-Li0-PO3"]
