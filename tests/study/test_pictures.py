from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llo_dft.study import pictures

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from llo_dft.documents.plan import StudyPlan


def drawn(plan: StudyPlan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The structure, title and marked atoms of each picture, by its label."""
    found: dict[str, Any] = {}

    def save(structure: Any, path: Path, title: str, marked: dict[int, str], *_: str) -> None:
        found[path.stem] = (structure, title, marked)

    monkeypatch.setattr(pictures, "save_views", save)
    files = pictures.draw_hosts(plan, folder)
    assert {path.stem for path in files} == set(found)
    assert {path.parent for path in files} == {folder / "structures"}
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
    found = drawn(coated_plan, tmp_path, monkeypatch)
    assert {one.label for one in coated_plan.interfaces} <= set(found)
    bonded = [one for one in coated_plan.interfaces if one.bonds]
    assert bonded
    for one in bonded:
        structure, _, marked = found[one.label]
        former = structure.indices_from_symbol("P")
        for oxygen, text in marked.items():
            length = min(structure.get_distance(oxygen, i) for i in former)
            assert text.endswith(f"{length:.2f}")
