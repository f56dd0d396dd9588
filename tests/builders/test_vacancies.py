"""Which O are removed: distinct, per class, spread over their coordination, on both faces."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from lowest_delithiation import delithiate
from pymatgen.analysis.structure_matcher import StructureMatcher

from llo_dft.builders.cell_checks import is_symmetric
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.builders.surface.symmetry import distinct_sites
from llo_dft.builders.vacancies import VacancySite, choose_vacancies, innermost
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.builders.surface.slab import SlabModel

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


ALL_LAYERS = ("surface", "subsurface", "inner")


def choose(
    model: SlabModel,
    labels: list[str],
    count: int = 100,
    *,
    layers: tuple[str, ...] = ALL_LAYERS,
    both_faces: bool = True,
) -> list[VacancySite]:
    environments = oxygen_environments(model.structure, model.tm_layers)
    return choose_vacancies(
        model.structure,
        environments,
        classes={site: e.label for site, e in environments.items()},
        labels=labels,
        layers=layers,  # type: ignore[arg-type]
        per_environment=count,
        turn_over=model.turn_over if both_faces else None,
    )


def without(structure: Structure, removed: tuple[int, ...]) -> Structure:
    rest = structure.copy()
    rest.remove_sites(list(removed))
    return rest


def test_all_classes_together_hold_every_oxygen_once(make_slab: MakeSlab) -> None:
    for name, tm_layers, labels in (
        ("Li2MnO3", 1, ["2TM+1Li"]),
        ("NCM", 2, ["2TM+1Li", "3TM"]),
        ("LiCoO2", 3, ["3TM"]),
    ):
        model = make_slab(name, tm_layers)
        chosen = choose(model, labels)
        assert sum(v.degeneracy for v in chosen) == model.structure.composition["O"]
        assert len({v.site for v in chosen}) == len(chosen)


@pytest.mark.parametrize("name", ["Li2MnO3", "NCM"])
def test_no_two_vacancies_give_the_same_structure(make_slab: MakeSlab, name: str) -> None:
    """By pymatgen's matcher, which knows nothing of how they were chosen."""
    model = make_slab(name)
    labels = ["2TM+1Li"] if name == "Li2MnO3" else ["2TM+1Li", "3TM"]
    structures = [
        without(model.structure, v.removed) for v in choose(model, labels, both_faces=False)
    ]
    assert len(structures) > 1
    matcher = StructureMatcher(
        ltol=1e-3, stol=1e-3, angle_tol=0.1, scale=False, primitive_cell=False
    )
    assert not any(matcher.fit(one, other) for one, other in combinations(structures, 2))


@pytest.mark.parametrize(("name", "tm_layers"), [("NCM", 1), ("NCM", 2), ("LNMO", 1)])
def test_both_faces_lose_the_same_oxygen(make_slab: MakeSlab, name: str, tm_layers: int) -> None:
    model = make_slab(name, tm_layers)
    slab = model.structure
    environments = oxygen_environments(slab, tm_layers)
    for vacancy in choose(model, ["2TM+1Li", "3TM"], layers=("surface",)):
        first, second = vacancy.removed
        assert vacancy.site in vacancy.removed
        assert {environments[first].side, environments[second].side} == {"top", "bottom"}
        assert slab[first].z + slab[second].z == pytest.approx(slab.lattice.c, abs=1e-3)
        assert is_symmetric(without(slab, vacancy.removed))


def test_one_face_loses_one(make_slab: MakeSlab) -> None:
    for vacancy in choose(make_slab("NCM"), ["3TM"], both_faces=False):
        assert vacancy.removed == (vacancy.site,)


def test_classes_and_layers_are_those_asked_for(make_slab: MakeSlab) -> None:
    model = make_slab("NCM", 2)
    for label in ("2TM+1Li", "3TM"):
        for vacancy in choose(model, [label], layers=("subsurface",)):
            assert vacancy.environment.label == label
            assert vacancy.environment.layer == "subsurface"


def test_classes_come_in_the_order_asked_for(make_slab: MakeSlab) -> None:
    chosen = choose(make_slab("NCM"), ["3TM", "2TM+1Li"], 1)
    assert [v.environment.label for v in chosen] == ["3TM", "2TM+1Li"]


def test_sites_are_spread_from_the_fewest_bonds_to_the_most(make_slab: MakeSlab) -> None:
    model = make_slab("LNMO", 2)
    every = [v.environment.n_cations for v in choose(model, ["3TM"])]
    assert every == sorted(every)
    assert every[0] < every[-1]
    assert len(every) > 3
    for count in (1, 2, 3):
        chosen = [v.environment.n_cations for v in choose(model, ["3TM"], count)]
        assert len(chosen) == count
        assert chosen[0] == every[0]
        assert count == 1 or chosen[-1] == every[-1]
    assert choose(model, ["3TM"], 3)[1] == choose(model, ["3TM"])[round((len(every) - 1) / 2)]


def test_an_oxygen_keeps_its_class_when_its_lithium_left(make_slab: MakeSlab) -> None:
    model = make_slab("NCM")
    slab = model.structure
    pristine = oxygen_environments(slab, 1)
    lithium = [i for i, symbol in enumerate(symbols_of(slab)) if symbol == "Li"]
    (empty,) = delithiate(slab, lithium, [0.0], turn_over=model.turn_over, seed=0)
    kept = np.setdiff1d(np.arange(len(slab)), empty.removed)
    host = without(slab, empty.removed)
    chosen = choose_vacancies(
        host,
        oxygen_environments(host, 1),
        classes={new: pristine[int(old)].label for new, old in enumerate(kept) if old in pristine},
        labels=["2TM+1Li"],
        layers=["surface"],
        per_environment=1,
    )
    assert chosen[0].environment.label == "2TM"
    assert chosen[0].environment.n_cations == 2


def test_equivalent_oxygens_are_offered_once(make_slab: MakeSlab) -> None:
    """Degeneracy is the size of the orbit, and the orbit is not offered again."""
    model = make_slab("Li2MnO3")
    oxygen = [i for i, symbol in enumerate(symbols_of(model.structure)) if symbol == "O"]
    first = distinct_sites(model.structure, oxygen)
    chosen = choose(model, ["2TM+1Li"])
    assert {v.site for v in chosen} == set(first.values())
    for vacancy in chosen:
        assert vacancy.degeneracy == list(first.values()).count(vacancy.site)


def test_a_class_that_is_not_there_is_named_with_those_that_are(make_slab: MakeSlab) -> None:
    with pytest.raises(InputError, match=r"no O of environment 3TM in surface; found: 2TM\+1Li"):
        choose(make_slab("Li2MnO3"), ["3TM"], layers=("surface",))
    with pytest.raises(InputError, match="3TM in inner; found: no O at all"):
        choose(make_slab("LiCoO2"), ["3TM"], layers=("inner",))


def test_same_input_same_choice(make_slab: MakeSlab) -> None:
    model = make_slab("NCM", 2)
    assert choose(model, ["2TM+1Li", "3TM"], 2) == choose(model, ["2TM+1Li", "3TM"], 2)


def deepest(
    model: SlabModel, count: int, *, without: tuple[int, ...] = (), both_faces: bool = False
) -> list[VacancySite]:
    return innermost(
        model.structure,
        oxygen_environments(model.structure, model.tm_layers),
        count,
        without=without,
        turn_over=model.turn_over if both_faces else None,
    )


@pytest.mark.parametrize(("tm_layers", "layer"), [(1, "surface"), (2, "subsurface"), (3, "inner")])
def test_the_innermost_are_as_deep_as_the_slab_allows(
    make_slab: MakeSlab, tm_layers: int, layer: str
) -> None:
    model = make_slab("Li2MnO3", tm_layers)
    (found,) = deepest(model, 1)
    assert found.environment.layer == layer
    assert found.removed == (found.site,)
    heights = {
        abs(model.structure[i].z - model.structure.lattice.c / 2)
        for i, symbol in enumerate(symbols_of(model.structure))
        if symbol == "O"
    }
    middle = abs(model.structure[found.site].z - model.structure.lattice.c / 2)
    # of the planes none is nearer to the middle by more than its own unevenness
    assert middle < min(heights) + 0.5


def test_the_innermost_are_distinct_and_not_among_those_chosen_already(
    make_slab: MakeSlab,
) -> None:
    model = make_slab("NCM", 2)
    every = deepest(model, 100)
    oxygen = oxygen_environments(model.structure, 2)
    inside = [site for site, e in oxygen.items() if e.layer == "subsurface"]
    assert sum(v.degeneracy for v in every) == len(inside)
    equivalent = distinct_sites(model.structure, inside)
    # an image of the first takes it away
    first = every[0].site
    image = next(i for i in inside if equivalent[i] == equivalent[first] and i != first)
    rest = deepest(model, 100, without=(image,))
    assert [v.site for v in rest] == [v.site for v in every[1:]]
    assert deepest(model, 100, without=tuple(v.site for v in every)) == []
    assert deepest(model, 1) == every[:1]
    assert deepest(model, 0) == []


def test_the_innermost_on_both_faces_are_images(make_slab: MakeSlab) -> None:
    model = make_slab("Li2MnO3", 2)
    (found,) = deepest(model, 1, both_faces=True)
    assert found.site in found.removed
    assert model.turn_over[found.removed[0]] == found.removed[-1]
    assert is_symmetric(without(model.structure, found.removed))


def test_a_slab_without_oxygen_has_no_innermost(make_slab: MakeSlab) -> None:
    assert innermost(make_slab("Li2MnO3").structure, {}, 1, without=[]) == []
