from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pymatgen.core import Composition, Structure
from studies import tiny_recipe

from llo_dft.study.manifest import write_structures
from llo_dft.study.planning.make_plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan

COORDINATE_TOLERANCE_ANGSTROM = 1e-6


@pytest.fixture(scope="module")
def folder(plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("built")
    write_structures(plan, made, "forces reach 0.1 eV/angstrom")
    return made


@pytest.fixture(scope="module")
def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


def of_kind(manifest: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry for entry in manifest["structures"] if entry["kind"] == kind]


def test_every_planned_structure_is_there_and_no_other(
    manifest: dict[str, Any], folder: Path, plan: StudyPlan
) -> None:
    named = [entry["file"] for entry in manifest["structures"]]
    assert sorted(named) == sorted(
        f"structures/{p.name}" for p in (folder / "structures").iterdir()
    )
    assert len(named) == len(set(named)) == plan.n_calculations - 1  # O2 is no part of a recipe
    assert manifest["n_calculations"] == plan.n_calculations
    assert [row["what"] for row in manifest["built"]] == [
        *("composition", "formal charge"),
        *("bare" for _ in plan.hosts),
    ]
    assert [len(of_kind(manifest, kind)) for kind in ("bulk", "host", "vacancy")] == [1, 3, 6]


def test_the_files_hold_what_the_manifest_says(manifest: dict[str, Any], folder: Path) -> None:
    for entry in manifest["structures"]:
        structure = Structure.from_file(folder / entry["file"])
        assert structure.composition == Composition(entry["formula"])
        assert len(structure) == entry["n_atoms"]
        assert entry["space_group"] == structure.get_space_group_info(0.01)[0]


def test_a_cif_is_as_good_as_the_plan(folder: Path, plan: StudyPlan) -> None:
    read = Structure.from_file(folder / "structures" / "bare_x1.0000.cif")
    for site in plan.slab:
        near = read.get_sites_in_sphere(site.coords, COORDINATE_TOLERANCE_ANGSTROM)
        assert [str(found.specie.symbol) for found in near] == [site.specie.symbol]


def test_what_the_settings_are_not_good_for_is_known_before_anything_runs(
    manifest: dict[str, Any],
) -> None:
    assert manifest["no_crossings"] == "forces reach 0.1 eV/angstrom"


def test_hosts_are_symmetric_stoichiometric_and_without_dipole(manifest: dict[str, Any]) -> None:
    hosts = of_kind(manifest, "host")
    full = Composition(hosts[0]["formula"])
    for host in hosts:
        composition = Composition(host["formula"])
        assert host["symmetric"] is True
        assert host["stoichiometric"] is True
        assert host["formal_dipole_e_angstrom"] == 0.0
        assert host["lithium_fraction"] == composition["Li"] / full["Li"]
        assert {e: n for e, n in composition.items() if str(e) != "Li"} == {
            e: n for e, n in full.items() if str(e) != "Li"
        }
        # half of the O of one sheet has 3 TM, half 2 TM and a Li: one Li in six sites, twice
        assert sum(host["environments"].values()) == full["O"]
    assert hosts[0]["environments"] == {"2TM+1Li surface": 6, "3TM surface": 6}


def test_a_vacancy_lacks_one_o_of_its_class(manifest: dict[str, Any]) -> None:
    hosts = {entry["lithium_fraction"]: entry for entry in of_kind(manifest, "host")}
    for vacancy in of_kind(manifest, "vacancy"):
        host = hosts[vacancy["lithium_fraction"]]
        lost = Composition(host["formula"]) - Composition(vacancy["formula"])
        assert lost == Composition("O")
        assert vacancy["stoichiometric"] is False
        assert sum(host["environments"].values()) - sum(vacancy["environments"].values()) == 1
        around = vacancy["environment"]
        assert vacancy["site_class"] in {"2TM+1Li", "3TM"}
        assert around["n_tm"] == int(vacancy["site_class"][0])
        assert {"n_tm", "n_li", "n_former", "n_li_interlayer", "layer", "side"} <= set(around)
        assert vacancy["degeneracy"] >= 2  # the two faces are alike


def test_a_second_time_every_byte_is_the_same(
    folder: Path, plan: StudyPlan, tmp_path: Path
) -> None:
    write_structures(plan, tmp_path, "forces reach 0.1 eV/angstrom")
    first = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    second = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert first == second


def test_delithiated_crystals_are_written_too(tmp_path: Path) -> None:
    fractions = {"fractions": [1.0, 0.5], "voltage": "bulk"}
    made = make_plan(tiny_recipe(delithiation=fractions), tmp_path)
    found = [e for e in write_structures(made, tmp_path) if e["kind"] == "bulk"]
    assert [e["file"] for e in found] == ["structures/bulk.cif", "structures/bulk_x0.5714.cif"]
    assert [e["lithium_fraction"] for e in found] == [1.0, 4 / 7]
    assert found[1]["n_atoms"] == len(made.bulk) - 3


@pytest.fixture(scope="module")
def coated(
    coated_plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The manifest's entries of the coated study, by name."""
    made: Path = tmp_path_factory.mktemp("coated")
    entries = write_structures(coated_plan, made)
    assert {made / entry["file"] for entry in entries} == set((made / "structures").iterdir())
    return {entry["file"].split("/")[1].removesuffix(".cif"): entry for entry in entries}


def test_a_coated_study_has_its_references_interfaces_and_hosts(
    coated: dict[str, dict[str, Any]],
) -> None:
    kinds: dict[str, int] = {}
    for entry in coated.values():
        kinds[entry["kind"]] = kinds.get(entry["kind"], 0) + 1
    # no vacancies at O that only the relaxed interface will name
    assert kinds == {"bulk": 1, "reference": 2, "host": 6, "vacancy": 6, "interface": 4}
    assert coated["Li"]["formula"] == "Li2"
    assert Composition(coated["Li3PO4"]["formula"]).reduced_formula == "Li3PO4"
    assert len({entry["rank"] for entry in coated.values() if entry["kind"] == "interface"}) == 2


def test_hosts_say_what_is_on_them_and_count_the_o_of_the_oxide(
    coated: dict[str, dict[str, Any]], coated_plan: StudyPlan
) -> None:
    for host in coated_plan.hosts:
        entry = coated[host.label]
        assert (entry["system"], entry["termination"]) == (host.system, host.termination)
        assert entry["lithium_fraction"] == host.lithium_fraction
        assert entry["stoichiometric"] == (host.system == "bare")
        assert sum(entry["environments"].values()) == 24
        for vacancy in host.vacancies:
            if vacancy.site is None:
                assert host.vacancy_label(vacancy) not in coated
                continue
            lacking = coated[host.vacancy_label(vacancy)]
            assert sum(lacking["environments"].values()) == 23
            lost = Composition(entry["formula"]) - Composition(lacking["formula"])
            assert lost == Composition("O")


def test_interfaces_say_how_the_coating_lies_and_what_it_took(
    coated: dict[str, dict[str, Any]], coated_plan: StudyPlan
) -> None:
    for one in coated_plan.interfaces:
        entry = coated[one.label]
        assert entry["gap"] == one.gap
        assert tuple(entry["registry"]) == one.registry
        assert tuple(entry["coating_strain"]) == one.coating_strain
        assert entry["li_removed_for_charge"] == (6 if "step" in one.label else 0)
        assert entry["stoichiometric"] == ("flat" in one.label)
        assert sum(entry["environments"].values()) == 24
