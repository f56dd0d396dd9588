"""One recipe through the stand-ins of VASP and of GPAW: the same kinds of documents, key by key.

The pair potential relaxes, and only the static calculations go through the engine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import standin_gpaw
from direct_engines import PairEngine
from engines_by_name import engine_of
from studies import coated_recipe
from vasp_studies import prepared_study, run_here, vasp_table

from llo_dft.engines.vasp import incar as vasp_incar
from llo_dft.study.result import stored_calculations
from llo_dft.testing import standin, stub_potcars

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.typing import CalculationKind

pytestmark = [pytest.mark.slow, pytest.mark.nightly]  # some 30 CPU-seconds

RELAXATION = {"force_tolerance": 0.3, "cell_force_tolerance": 0.1}

#: The [engine] of each.
ENGINES: dict[str, dict[str, Any]] = {
    "vasp": vasp_table(),
    "gpaw": {"name": "gpaw", "protocol": "fast"},
}

#: Maps whose keys are names of sites, files or settings of one engine, not of documents.
OWN_NAMES = {"files", "settings", "own_settings", "other_settings", "pseudopotentials", "sites"}

#: What only one of the two gives.
ONLY_ONE = {
    # potentials at the cores, of which GPAW's file says nothing
    "band centres [].centers.references_ev.core": "vasp",
    # GPAW's comes with every slab, VASP's with the grid of its potential, which the stand-in lacks
    "band centres [].centers.references_ev.vacuum": "gpaw",
    # the states of one stand-in have a gap below them, those of the other none
    "band centres [].centers.edges.valence_bottom_ev": "vasp",
}


class StaticsBy(PairEngine):
    """The pair potential, and another engine for what that can't give."""

    capabilities = frozenset({"energy", "dos", "density"})

    def __init__(self, name: str) -> None:
        super().__init__(RELAXATION)
        self.name = name

    def maker(self, kind: CalculationKind) -> Any:
        overrides = ENGINES[self.name].get("overrides", {})
        return (
            engine_of(self.name, **overrides).maker(kind)
            if kind == "static"
            else super().maker(kind)
        )


def keys(value: object, path: str = "") -> set[str]:
    """Every path to a value that is there, items of a list taken together."""
    if isinstance(value, list):
        return set().union(*(keys(item, f"{path}[]") for item in value))
    if not isinstance(value, dict):
        return set() if value is None else {path}
    if path.rpartition(".")[2] in OWN_NAMES:
        return {f"{path}.*"} if value else set()
    return set().union(*(keys(item, f"{path}.{name}") for name, item in value.items()))


def documents(name: str, folder: Path, patched: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The keys of what a study holds of its electrons."""
    if name == "vasp":
        stub_potcars.use(stub_potcars.install(folder / "potcars"), patched)
        standin.install(folder / "vasp", asked_grid_divisor=4).use(patched)
        patched.setattr(vasp_incar, "DOS_POINTS", 301)
    else:
        standin_gpaw.use(patched)
    recipe = coated_recipe(
        coating={"terminations": ["step-Li0-PO3"], "keep": 1, "gaps": [1.6]},
        delithiation={"fractions": [1.0]},
        vacancies={"bonded_to_former": 0},
        oxygen={"scheme": "none"},
        engine=ENGINES[name],
    )
    asked = recipe.electronic.model_copy(update={"dos": True, "density": True})
    made = prepared_study(recipe.model_copy(update={"electronic": asked}), folder / "study")
    made = replace(made, engine=StaticsBy(name))
    result = run_here(made)
    assert result.is_complete, [(one.label, one.reason) for one in result.calculations]
    stored = stored_calculations(made.folder).documents
    statics = [one for one in stored.values() if one.kind == "static"]
    assert len(statics) == 4, "both hosts, and both parts of the interface"
    plain = result.model_dump(mode="json")
    return {
        "calculation": keys([one.model_dump(mode="json") for one in statics]),
        "band centres": keys(plain["band_centers"]),
        "charge difference": keys(plain["charge_differences"]),
    }


def test_vasp_and_gpaw_give_the_same_kinds_of_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = []
    for name in ENGINES:
        with monkeypatch.context() as patched:
            (tmp_path / name).mkdir()
            both.append(documents(name, tmp_path / name, patched))
    by_vasp, by_gpaw = both
    differ = {
        f"{document} {key}": "vasp" if key in by_vasp[document] else "gpaw"
        for document in by_vasp
        for key in by_vasp[document] ^ by_gpaw[document]
    }
    assert differ == ONLY_ONE
    alike = {document: len(found & by_gpaw[document]) for document, found in by_vasp.items()}
    assert alike["calculation"] > 80
    assert alike["band centres"] > 150
