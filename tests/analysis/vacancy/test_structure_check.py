from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from relaxed_by_hand import relaxed

from llo_dft.analysis.vacancy.structure_check import (
    check_relaxed,
    displacements_angstrom,
    framework_moved,
    has_other_arrangement,
    host_flags,
    on_other_sites,
    vacancy_flags,
)
from llo_dft.documents.atom_identity import with_bare_sites, without_atoms
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, not_computed
from llo_dft.resources import load_structure

BOX = Lattice.orthorhombic(20, 20, 20)

shifts = st.tuples(*[st.floats(-3, 3)] * 3)


def atoms(symbols: list[str], positions: list[list[float]], lattice: Lattice = BOX) -> Structure:
    return Structure(lattice, symbols, positions, coords_are_cartesian=True)


def oxygen_pair(length: float) -> Structure:
    others = [[10.0, 10.0, 10.0], [15.0, 5.0, 10.0], [5.0, 15.0, 10.0]]
    return atoms(["O", "O", "Li", "Li", "Li"], [[0, 0, 19.9], [0, 0, 19.9 + length], *others])


def without_apart(flags: list[str]) -> list[str]:
    return [flag for flag in flags if not flag.startswith("apart")]


def disturbed(structure: Structure, index: int, vector: list[float]) -> Structure:
    changed = structure.copy()
    changed.translate_sites([index], vector, frac_coords=False, to_unit_cell=False)
    return changed


def test_nothing_to_report() -> None:
    structure = load_structure("Li3PO4_gamma")
    assert check_relaxed(structure, structure) == []


@pytest.mark.parametrize(
    ("length", "flags"),
    [
        (1.21, ["o2: O0-O1 1.21 A"]),
        (1.279, ["o2: O0-O1 1.28 A"]),
        (1.281, ["superoxo: O0-O1 1.28 A"]),
        (1.379, ["superoxo: O0-O1 1.38 A"]),
        (1.381, ["peroxo: O0-O1 1.38 A"]),
        (1.599, ["peroxo: O0-O1 1.60 A"]),
        (1.601, []),
    ],
)
def test_oxygen_pairs_across_a_cell_boundary(length: float, flags: list[str]) -> None:
    pair = oxygen_pair(length)
    # short from the start, and still reported
    assert without_apart(check_relaxed(pair, pair)) == flags


def test_three_oxygens_close_to_each_other_are_each_pair_once() -> None:
    ozone = atoms(["O"] * 3, [[0, 0, 0], [1.25, 0, 0], [2.5, 0, 0]])
    assert check_relaxed(ozone, ozone) == ["o2: O0-O1 1.25 A", "o2: O1-O2 1.25 A"]


def test_an_atom_that_left_its_site() -> None:
    structure = load_structure("Li2MnO3")
    index = next(i for i, s in enumerate(structure) if s.specie.symbol == "Li")
    relaxed = disturbed(structure, index, [0, 0, 1.6])
    moved = displacements_angstrom(structure, relaxed)
    assert moved[index] == pytest.approx(1.6)
    assert np.delete(moved, index) == pytest.approx(0, abs=1e-9)
    assert f"moved: Li{index} 1.60 A" in check_relaxed(structure, relaxed)
    assert check_relaxed(structure, disturbed(structure, index, [0, 0, 0.5])) == []


@pytest.mark.parametrize(("gap", "apart"), [(3.9, []), (4.1, ["apart: P8 and 4 more 4.10 A"])])
@pytest.mark.parametrize("height", [0.0, 14.0])
def test_a_coating_that_came_off(gap: float, apart: list[str], height: float) -> None:
    oxide = [[3 * x, 3 * y, z] for x in (0, 1) for y in (0, 1) for z in (0, 2.0)]
    lifted = [[0, 0, gap], [0, 1.5, gap], [0, -1.5, gap], [1.5, 0, gap], [0, 0, gap + 1.5]]
    above = [[x, y, z + 2.0] for x, y, z in lifted]
    symbols = ["Mn", "O"] * 4 + ["P", "O", "O", "O", "O"]
    slab = Structure(
        Lattice.orthorhombic(6, 6, 18), symbols, [*oxide, *above], coords_are_cartesian=True
    )
    # wherever the end of the cell is, the vacuum is no gap
    slab.translate_sites(range(len(slab)), [0, 0, height], frac_coords=False)
    assert [flag for flag in check_relaxed(slab, slab) if flag.startswith("apart")] == apart


def sheets(vacuum: float = 20.0) -> Structure:
    """Two sheets of four Mn each, 5 A apart, with an O over each Mn."""
    metals = [[3.0 * x, 3.0 * y, z] for z in (0.0, 5.0) for x in (0, 1) for y in (0, 1)]
    oxygens = [[x, y, z + 2.0] for x, y, z in metals]
    cell = Lattice([[6, 0, 0], [3, 6, 0], [1, 2, vacuum]])
    return with_bare_sites(atoms(["Mn"] * 8 + ["O"] * 8, [*metals, *oxygens], cell), range(16))


@pytest.mark.parametrize("drift", [0.0, 9.0, 18.0])
def test_metals_that_left_their_height_are_flagged_however_they_got_there(drift: float) -> None:
    """A coated cell is taller; where its slab lies in it, and that a layer slid, is no matter."""
    slab = sheets(35.0)
    slab.translate_sites(range(16), [0.4, 0.2, drift], frac_coords=False)
    assert framework_moved(sheets(), slab) == []
    slid = disturbed(slab, 7, [0.0, 0.0, 1.1])
    for site in (4, 5, 6, 7, 12, 13, 14, 15):
        slid = disturbed(slid, site, [1.5, 0.9, 0.0])
    assert framework_moved(sheets(), slid) == []
    bent = disturbed(disturbed(slid, 7, [0.0, 0.0, 1.1]), 2, [0.0, 0.0, -1.3])
    assert framework_moved(sheets(), bent) == ["framework: Mn7 and 1 more 2.20 A"]
    # of an O the relaxation says what became of it
    assert framework_moved(sheets(), disturbed(slab, 15, [0.0, 0.0, 3.0])) == []


def test_a_metal_is_named_by_its_place_in_the_host() -> None:
    raised = disturbed(sheets(), 6, [0.0, 0.0, 1.5])
    assert framework_moved(sheets(), without_atoms(raised, [0, 1])) == ["framework: Mn4 1.50 A"]


def test_a_move_is_measured_to_the_nearest_image_of_a_skewed_cell() -> None:
    lattice = Lattice([[10, 0, 0], [8, 6, 0], [0, 0, 10]])
    base = atoms(["Li"] * 4, [[0, 0, 0], [5, 1, 2], [9, 3, 4], [3, 0, 8]], lattice)
    # (-2, 6, 0) is b - a: on the same site of the next cell, and so no move at all.
    relaxed = disturbed(base, 0, [-2.0, 6.0, 0.0])
    assert displacements_angstrom(base, relaxed) == pytest.approx(0, abs=1e-9)
    relaxed = disturbed(base, 0, [-1.0, 4.0, 0.0])
    assert displacements_angstrom(base, relaxed)[0] == pytest.approx(5**0.5)


@settings(max_examples=40, deadline=None)
@given(shift=shifts, data=st.data())
def test_translation_and_wrapping_change_nothing(
    shift: tuple[float, float, float], data: st.DataObject
) -> None:
    structure = load_structure("Li3PO4_gamma")
    relaxed = disturbed(structure, 0, [0.0, 1.7, 0.0])
    expected = check_relaxed(structure, relaxed)
    assert expected == ["moved: Li0 1.70 A"]
    cells = data.draw(
        st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=len(relaxed), max_size=len(relaxed))
    )
    fractions = relaxed.frac_coords + np.array(shift) + np.array(cells)
    wrapped = Structure(relaxed.lattice, relaxed.species, fractions, to_unit_cell=False)
    assert check_relaxed(structure, wrapped) == expected
    assert check_relaxed(wrapped, structure) == expected


def test_a_change_of_cell_moves_nothing() -> None:
    structure = load_structure("Li2MnO3")
    strained = structure.copy()
    strained.apply_strain([0.08, 0.05, -0.1])
    assert displacements_angstrom(structure, strained) == pytest.approx(0, abs=1e-9)


def test_phosphorus_bonds_formed_and_broken() -> None:
    others = [[10.0, 10.0, 10.0], [15.0, 5.0, 10.0], [5.0, 15.0, 10.0]]
    symbols = ["P", "O", "O", "Li", "Li", "Li"]
    # The bonds cross the boundary of the cell.
    before = atoms(symbols, [[0, 0, 0], [19.5, 0, 1.45], [2.6, 0, 0], *others])
    after = atoms(symbols, [[0, 0, 0], [18.6, 0, 1.95], [1.6, 0, 0], *others])
    found = without_apart(check_relaxed(before, after))
    assert found == ["p_o_broken: P0-O1 2.40 A", "p_o_formed: P0-O2 1.60 A"]
    found = without_apart(check_relaxed(after, before))
    assert found == ["p_o_formed: P0-O1 1.53 A", "p_o_broken: P0-O2 2.60 A"]


def real_vacancy(coating: str) -> list[Structure]:
    """Return a host without the O of its vacancy, and the vacancy, both relaxed by CHGNet."""
    file = Path(__file__).parents[2] / "data" / "coating_metal_bonds.json"
    real = json.loads(file.read_text())[coating]
    names = {"bare_site": real["bare_site"]}
    return [
        Structure(real["lattice"], real["species"], real[end], site_properties=names)
        for end in ("host", "vacancy")
    ]


def test_a_metal_of_a_coating_that_takes_another_oxygen_is_flagged() -> None:
    host, vacancy = real_vacancy("Al2O3")
    assert check_relaxed(host, vacancy) == ["al_o_formed: Al22-O83 1.82 A"]
    assert check_relaxed(vacancy, host) == ["al_o_broken: Al22-O83 3.08 A"]
    for structure in (host, vacancy):  # the same atoms as one oxide: Al is a metal of its lattice
        structure.add_site_property("bare_site", list(range(len(structure))))
    assert check_relaxed(host, vacancy) == []


def test_long_bonds_of_a_coatings_metal_that_breathe_are_not_flagged() -> None:
    host, vacancy = real_vacancy("LiNbO3")
    lengths = [structure.get_distance(31, 37) for structure in (host, vacancy)]
    assert lengths == pytest.approx([2.37, 2.68], abs=0.01)  # across the cutoff, 2.45
    assert check_relaxed(host, vacancy) == []


def test_moments_of_metals_that_changed_their_oxidation_state() -> None:
    structure = atoms(["Mn", "Mn", "Mn", "O"], [[0, 0, 0], [4, 0, 0], [8, 0, 0], [4, 4, 0]])
    before = [3.0, -3.0, 3.0, 0.0]
    after = [3.9, 3.1, 3.4, 0.9]  # reduced; flipped only; relaxed a little; an O
    assert check_relaxed(structure, structure, before, after) == [
        "moment: Mn0 3.0 -> 3.9 mu_B",
        "moment: Mn1 turned against the others",
    ]
    near = [3.4, 3.0, 3.0, 0.0], [3.75, 3.35, 3.0, 0.0]  # only the first leaves the range of Mn4+
    assert check_relaxed(structure, structure, *near) == ["moment: Mn0 3.4 -> 3.8 mu_B"]
    assert check_relaxed(structure, structure, before) == []
    assert check_relaxed(structure, structure, None, after) == []


def test_what_does_not_match() -> None:
    structure = oxygen_pair(2.0)
    with pytest.raises(ValueError, match=r"the same atoms in the same order, got 5 .* and 4 "):
        check_relaxed(structure, Structure.from_sites(structure[:-1]))
    swapped = Structure.from_sites(structure[::-1])
    with pytest.raises(ValueError, match="same atoms in the same order"):
        check_relaxed(structure, swapped)
    with pytest.raises(ValueError, match="Each of the 5 atoms needs a moment, got 5 initial and 1"):
        check_relaxed(structure, structure, [0.0] * 5, [0.0])


SYMBOLS = ["Li", "O", "Mn", "O", "O", "Li", "O", "Mn", "O", "O", "O", "Li"]
MOMENTS = [3.1 * (symbol == "Mn") for symbol in SYMBOLS]


def cell(*gone: int) -> Structure:
    places = [[x, y, z] for x in (0.02, 0.5) for y in (0.1, 0.6) for z in (0.0, 0.33, 0.67)]
    made = Structure(Lattice.from_parameters(6, 6.5, 9.5, 90, 100, 90), SYMBOLS, places)
    made.remove_sites(list(gone))
    return made


def moved(structure: Structure, site: int, angstrom: float) -> Structure:
    return structure.copy().translate_sites([site], [0.0, angstrom, 0.0], frac_coords=False)


def made(start: Structure, end: Structure, **fields: Any) -> CalculationDocument:
    base = {
        "key": "",
        "label": "one",
        "kind": "slab_relax",
        "status": "completed",
        "fingerprint": Fingerprint(engine="vasp", engine_version="6", functional="PBE"),
        "protocol": "as found",
        "energy_ev": -1.0,
        "initial_structure": start,
        "structure": end,
    }
    return CalculationDocument(**base | fields)


HOST = made(cell(), cell(), magmoms_mu_b=MOMENTS)


def test_a_host_is_compared_with_its_own_start() -> None:
    assert host_flags(HOST) == []
    assert host_flags(made(cell(), moved(cell(), 0, 1.9))) == ["moved: Li0 1.90 A"]


def test_a_vacancy_is_compared_with_the_relaxed_host_whatever_it_began_with() -> None:
    rebuilt = moved(cell(3), 0, 1.9)
    assert vacancy_flags(HOST, made(cell(3), rebuilt)) == ["moved: Li0 1.90 A"]
    # the last of several runs began with what the first one rebuilt
    (flag,) = vacancy_flags(HOST, made(moved(cell(3), 0, 0.9), rebuilt))
    assert flag == "moved: Li0 1.90 A"


def test_a_vacancy_of_a_host_that_came_apart_is_flagged_though_it_is_whole_itself() -> None:
    slab = cell()
    slab = Structure(
        Lattice.from_parameters(6, 6.5, 25, 90, 90, 90),
        slab.species,
        slab.cart_coords,
        coords_are_cartesian=True,
    )
    lone = slab.copy().translate_sites([3], [0, 0, -8.0], frac_coords=False)  # O3, as an atom
    (flag,) = [one for one in host_flags(made(slab, lone)) if one.startswith("apart")]
    without = slab.copy()
    without.remove_sites([3])
    assert vacancy_flags(made(slab, lone), made(without, without)) == [f"host_{flag}"]
    assert vacancy_flags(made(slab, slab), made(without, without)) == []


def test_moments_are_those_of_the_same_atoms() -> None:
    kept = [m for i, m in enumerate(MOMENTS) if i != 1]
    assert vacancy_flags(HOST, made(cell(1), cell(1), magmoms_mu_b=kept)) == []
    changed = [m + 0.8 * (i == 1) for i, m in enumerate(kept)]  # the first Mn, once O1 is gone
    found = vacancy_flags(HOST, made(cell(1), cell(1), magmoms_mu_b=changed))
    assert found == ["moment: Mn1 3.1 -> 3.9 mu_B"]


def test_an_atom_far_from_every_site_is_said_to_be() -> None:
    start = moved(cell(3), 0, 1.1)
    assert vacancy_flags(HOST, made(start, start)) == ["moved: an atom began 1.10 A from any site"]


@pytest.mark.parametrize("host", [not_computed("h", "missing", "no job"), made(cell(0), cell(0))])
def test_without_a_host_that_fits_it_is_compared_with_its_own_start(
    host: CalculationDocument,
) -> None:
    assert vacancy_flags(host, made(cell(3), moved(cell(3), 0, 1.9))) == ["moved: Li0 1.90 A"]


def test_what_did_not_complete_has_no_flags() -> None:
    failed = not_computed("v", "failed", "no power")
    assert vacancy_flags(HOST, failed) == host_flags(failed) == []


@pytest.mark.parametrize("overall", [1, -1])
def test_moments_that_turned_against_the_others(overall: int) -> None:
    """All turned over is the same magnetic order; some of them are another one."""
    structure = atoms(["Mn", "Mn", "Mn", "O"], [[0, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3]])
    before = [3.0, -3.0, 3.0, 0.2]
    same = [overall * m for m in (3.1, -2.9, 3.0, -0.2)]
    assert check_relaxed(structure, structure, before, same) == []
    other = [overall * m for m in (3.1, 2.9, 3.0, 0.2)]
    flags = ["moment: Mn1 turned against the others"]
    assert check_relaxed(structure, structure, before, other) == flags


EIGHT_PLACES = [[x, y, z] for x in (0.1, 0.6) for y in (0.2, 0.7) for z in (0.0, 0.5)]
EIGHT = ["Li", "O", "Mn", "O", "O", "Li", "O", "Mn"]


def host() -> Structure:
    return with_bare_sites(Structure(Lattice.cubic(9), EIGHT, EIGHT_PLACES), range(8))


def vacancy(oxygen: int, energy_ev: float, **moved: float) -> CalculationDocument:
    """A relaxed vacancy; ``Li5=1.9`` moves that atom by so many angstrom."""
    made = without_atoms(host(), [oxygen])
    for name, by in moved.items():
        site = made.site_properties["bare_site"].index(int(name.lstrip("LiMn")))
        made.translate_sites([site], [0, by, 0], frac_coords=False)
    return relaxed(f"vac_O{oxygen}", made).model_copy(update={"energy_ev": energy_ev})


@pytest.mark.parametrize(
    ("moved", "expected"),
    [({}, []), ({"Li5": 1.1}, []), ({"Li5": 1.4}, [4]), ({"Mn2": 1.9}, []), ({"Li0": 1.8}, [0])],
)
def test_only_li_in_another_site_counts(moved: dict[str, float], expected: list[int]) -> None:
    structure = vacancy(1, 0.0, **moved).structure
    assert structure is not None
    assert on_other_sites(host(), structure) == expected
    # P and Mn count where a whole arrangement is compared
    assert has_other_arrangement(host(), structure) == bool(expected or moved == {"Mn2": 1.9})
