from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studies import coated_recipe, tiny_recipe

from llo_dft.documents.atom_identity import places
from llo_dft.documents.sites import InterfaceBond
from llo_dft.study.drawn import pictures

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.recipe import Recipe


def drawn(
    plan: StudyPlan, folder: Path, monkeypatch: pytest.MonkeyPatch, recipe: Recipe | None = None
) -> dict[str, Any]:
    """The structure, title and marked atoms of each picture, by its label."""
    found: dict[str, Any] = {}

    def save(structure: Any, path: Path, title: str, marked: dict[int, str], *_: str) -> None:
        assert path.parent == folder / "structures"
        found[path.stem] = (structure, title, marked)

    monkeypatch.setattr(pictures, "save_views", save)
    pictures.draw_hosts(plan, recipe or tiny_recipe(), folder)
    return found


def test_the_o_that_are_marked_are_those_that_will_be_removed(
    plan: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = drawn(plan, tmp_path, monkeypatch)
    for host in plan.hosts:
        structure, title, marked = found[host.label]
        assert f"x = {host.lithium_fraction:.3f}, unrelaxed" in title
        assert len(marked) == len(host.vacancies)
        for vacancy in host.vacancies:
            (site,) = [i for i, text in marked.items() if text.startswith(f"{vacancy.pair} ")]
            # Li that left shift the numbers; the atom is the same one
            assert structure[site].specie.symbol == "O"
            assert (structure[site].coords == plan.slab[vacancy.site].coords).all()


def test_at_an_interface_they_are_those_with_a_bond_to_the_coating(
    coated_plan: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an interface that lost Li for charge, so that the numbers of its atoms are shifted
    one = next(one for one in coated_plan.interfaces if one.li_removed_for_charge)
    oxygen = max(coated_plan.slab.indices_from_symbol("O"))
    former = one.structure.indices_from_symbol("P")[0]
    bond = InterfaceBond(former=former, oxygen=oxygen, length_angstrom=1.6)
    interface = one.model_copy(update={"bonds": [bond]})
    found = drawn(
        coated_plan.model_copy(update={"interfaces": [interface], "hosts": []}),
        tmp_path,
        monkeypatch,
        coated_recipe(slab={"miller": [1, 0, 4]}),
    )
    structure, title, marked = found[one.label]
    assert f"(104) | Li3PO4 (010) {one.termination}" in title
    assert list(marked.values()) == ["P-O 1.60"]
    (site,) = marked
    assert site == places(one.structure)[oxygen] != oxygen
    assert structure[site].specie.symbol == "O"
