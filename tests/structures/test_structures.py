"""Every claim of structures/PROVENANCE.toml, recomputed from the files."""

from __future__ import annotations

import hashlib
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import spglib
from ase.io import read
from bond_valences import bond_valence_sums
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure, SymmOp
from pymatgen.io.cif import CifParser
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.resources import load_structure, resource_path

if TYPE_CHECKING:
    import numpy.typing as npt

PROVENANCE: dict[str, dict[str, Any]] = tomllib.loads(
    resource_path("structures", "PROVENANCE.toml").read_text()
)
SYMPREC_ANGSTROM = 1e-4
BOND_TOLERANCE_ANGSTROM = 1e-4

#: What the chemistry allows for the shortest bond, angstrom.
PLAUSIBLE_BONDS = {
    "P-O": (1.5, 1.6),
    "Mn-O": (1.88, 1.95),
    "Co-O": (1.88, 1.96),
    "Ni-O": (1.90, 2.05),
    "Li-O": (1.8, 2.2),
    "O-O": (2.2, 2.9),
    "Al-O": (1.72, 1.9),
    "Zr-O": (2.0, 2.15),
    "Nb-O": (1.85, 2.0),
    "Ta-O": (1.85, 2.0),
    "Si-O": (1.57, 1.68),
    "C-O": (1.25, 1.31),
    "B-O": (1.34, 1.41),
    "La-O": (2.4, 2.6),
    "P-S": (1.99, 2.1),
    "In-Cl": (2.4, 2.6),
    "Y-Cl": (2.5, 2.75),
    "Li-F": (1.95, 2.1),
    "Li-S": (2.3, 2.6),
    "Li-Cl": (2.35, 2.65),
    "F-F": (2.7, 3.1),
    "S-S": (3.2, 3.5),
    "Cl-Cl": (3.3, 3.9),
}


@pytest.fixture(params=sorted(PROVENANCE), scope="module")
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def shortest(structure: Structure, pair: str) -> float:
    first, second = pair.split("-")
    centers, neighbors, _, distances = structure.get_neighbor_list(4.0)
    symbols = np.array([site.specie.symbol for site in structure])
    chosen = (symbols[centers] == first) & (symbols[neighbors] == second)
    return float(distances[chosen].min())


def test_every_structure_has_a_provenance_and_the_other_way_round() -> None:
    folder = resource_path("structures", "PROVENANCE.toml").parent
    assert {path.name for path in folder.glob("*.cif")} == {
        entry["file"] for entry in PROVENANCE.values()
    }


def test_checksum(name: str) -> None:
    path = resource_path("structures", PROVENANCE[name]["file"])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == PROVENANCE[name]["sha256"]


def test_space_group_and_formula(name: str) -> None:
    entry = PROVENANCE[name]
    structure = load_structure(name)
    analyzer = SpacegroupAnalyzer(structure, symprec=SYMPREC_ANGSTROM)
    assert structure.is_ordered
    assert structure.composition.reduced_formula == entry["formula"]
    assert analyzer.get_space_group_number() == entry["space_group"]["number"]
    assert analyzer.get_space_group_symbol() == entry["space_group"]["symbol"]


def signature(rotation: npt.ArrayLike, translation: npt.ArrayLike) -> tuple[int, ...]:
    """Rotation and translation modulo 1 as integers; 24ths are exact for all our groups."""
    twenty_fourths = np.rint(np.asarray(translation) * 24).astype(int) % 24
    return (*np.rint(rotation).astype(int).ravel().tolist(), *twenty_fourths.tolist())


def signatures(operations: dict[str, Any]) -> set[tuple[int, ...]]:
    pairs = zip(operations["rotations"], operations["translations"], strict=True)
    return {signature(*pair) for pair in pairs}


def test_listed_operations_are_those_of_the_atoms_and_of_the_stated_setting(name: str) -> None:
    entry = PROVENANCE[name]
    structure = load_structure(name)
    block = next(iter(CifParser(resource_path("structures", entry["file"])).as_dict().values()))
    listed = [SymmOp.from_xyz_str(text) for text in block["_symmetry_equiv_pos_as_xyz"]]
    expected = {signature(op.rotation_matrix, op.translation_vector) for op in listed}
    assert len(expected) == len(listed)
    found = spglib.get_symmetry(
        (structure.lattice.matrix, structure.frac_coords, structure.atomic_numbers),
        symprec=SYMPREC_ANGSTROM,
    )
    tabulated = spglib.get_symmetry_from_database(entry["space_group"]["hall_number"])
    assert signatures(found) == expected
    assert signatures(tabulated) == expected


def test_density(name: str) -> None:
    entry = PROVENANCE[name]
    key = next(key for key in entry if key.startswith("density_"))
    assert load_structure(name).density == pytest.approx(entry[key], abs=5e-4)


def test_shortest_bonds(name: str) -> None:
    structure = load_structure(name)
    for pair, length in PROVENANCE[name]["shortest_bonds_angstrom"].items():
        low, high = PLAUSIBLE_BONDS[pair]
        assert low < length < high
        assert shortest(structure, pair) == pytest.approx(length, abs=BOND_TOLERANCE_ANGSTROM)


def test_another_reader_gets_the_same_cell(name: str) -> None:
    structure = load_structure(name)
    atoms = read(resource_path("structures", PROVENANCE[name]["file"]))
    other = Structure(atoms.cell.array, atoms.get_chemical_symbols(), atoms.get_scaled_positions())
    assert len(other) == len(structure)
    assert other.lattice.parameters == pytest.approx(structure.lattice.parameters)
    assert StructureMatcher(ltol=1e-4, stol=1e-4, angle_tol=1e-3).fit(structure, other)


#: Bond valence sums of an experimental crystal are those of the charges within this share and
#: number, whatever the parameters; 0.35 e is what Li in roomy sites and split sites of Cl lack.
VALENCE_SHARE, VALENCE_E = 0.15, 0.35


def test_bond_valences_and_charges_balance(name: str) -> None:
    structure = load_structure(name)
    symbols = symbols_of(structure)
    charges = np.array(formal_charges(symbols, symbols))
    assert charges.sum() == pytest.approx(0, abs=1e-9)
    amiss = np.abs(bond_valence_sums(structure) - np.abs(charges))
    amiss[[symbol == "Ni" for symbol in symbols]] = 0.0  # Ni3+, and its parameter is that of Ni2+
    assert (amiss < np.maximum(VALENCE_SHARE * np.abs(charges), VALENCE_E)).all(), amiss.round(2)


@pytest.mark.parametrize("phase", ["Li3PO4_beta", "Li3PO4_gamma"])
def test_every_phosphorus_has_four_oxygens(phase: str) -> None:
    structure = load_structure(phase)
    for site in structure:
        if site.specie.symbol == "P":
            assert [n.specie.symbol for n in structure.get_neighbors(site, 1.9)] == ["O"] * 4


def test_gamma_in_pnma_is_the_same_crystal_with_other_axes() -> None:
    pmnb = load_structure("Li3PO4_gamma")
    a, b, c = pmnb.lattice.abc
    assert (a, b, c) == pytest.approx((6.1113, 10.4612, 4.9208))
    x, y, z = pmnb.frac_coords.T
    pnma = Structure(Lattice.orthorhombic(b, a, c), pmnb.species, np.column_stack((y, x, -z)))
    assert StructureMatcher(ltol=1e-4, stol=1e-4, angle_tol=1e-3, primitive_cell=False).fit(
        pmnb, pnma
    )
    operations = spglib.get_symmetry(
        (pnma.lattice.matrix, pnma.frac_coords, pnma.atomic_numbers), symprec=SYMPREC_ANGSTROM
    )
    standard = spglib.get_symmetry_from_database(292)  # Pnma, the first setting of No. 62
    assert {
        signature(*p) for p in zip(operations["rotations"], operations["translations"], strict=True)
    } == {signature(*p) for p in zip(standard["rotations"], standard["translations"], strict=True)}


def test_every_oxygen_of_li2mno3_has_two_manganese() -> None:
    structure = load_structure("Li2MnO3")
    for site in structure:
        if site.specie.symbol == "O":
            symbols = [n.specie.symbol for n in structure.get_neighbors(site, 2.3)]
            assert symbols.count("Mn") == 2
            assert symbols.count("Li") == 4
