"""Our graph against chgnet's own converter: the same bonds, the same angles."""

import numpy as np
import pytest

pytest.importorskip("chgnet", reason="the chgnet extra is not installed")

from chgnet.graph.converter import CrystalGraphConverter
from pymatgen.core import Lattice, Structure

from llo_dft.engines.potentials.crystal_graph import crystal_graph
from llo_dft.resources import load_structure

ATOM_CUTOFF, BOND_CUTOFF = 6.0, 3.0


def slab_with_vacuum():
    structure = load_structure("Li2MnO3").get_primitive_structure()
    structure.perturb(0.1)
    a, b, c = structure.lattice.abc
    box = Lattice.from_parameters(a, b, c + 12.0, *structure.lattice.angles)
    return Structure(box, structure.species, structure.cart_coords, coords_are_cartesian=True)


def one_atom():
    return Structure(Lattice.cubic(2.8), ["Li"], [[0.2, 0.3, 0.4]])


def bonds(graph):
    ends = graph.atom_graph.numpy()
    return [
        (*pair, *image)
        for pair, image in zip(
            ends.tolist(), graph.neighbor_image.numpy().astype(int).tolist(), strict=True
        )
    ]


def angles(graph):
    named = bonds(graph)
    return sorted((row[0], named[row[2]], named[row[4]]) for row in graph.bond_graph.tolist())


@pytest.mark.parametrize("build", [slab_with_vacuum, one_atom])
def test_bonds_and_angles_are_those_of_chgnets_own_converter(build):
    structure = build()
    ours = crystal_graph(structure, ATOM_CUTOFF, BOND_CUTOFF)
    theirs = CrystalGraphConverter(atom_graph_cutoff=ATOM_CUTOFF, bond_graph_cutoff=BOND_CUTOFF)(
        structure
    )
    assert sorted(bonds(ours)) == sorted(bonds(theirs))
    assert angles(ours) == angles(theirs)


@pytest.mark.parametrize("build", [slab_with_vacuum, one_atom])
def test_a_bond_is_one_whichever_end_it_is_seen_from(build):
    graph = crystal_graph(build(), ATOM_CUTOFF, BOND_CUTOFF)
    named = bonds(graph)
    seen = {}
    for bond, number in zip(named, graph.directed2undirected.tolist(), strict=True):
        seen.setdefault(number, []).append(bond)
    assert set(seen) == set(range(len(graph.undirected2directed)))
    for (one, other, *image), (back_from, back_to, *back) in seen.values():
        assert (back_from, back_to) == (other, one)
        np.testing.assert_array_equal(back, [-step for step in image])
    first = graph.undirected2directed.tolist()
    assert [graph.directed2undirected[i].item() for i in first] == list(range(len(first)))
    for _, u1, d1, u2, d2 in graph.bond_graph.tolist():
        assert graph.directed2undirected[d1] == u1
        assert graph.directed2undirected[d2] == u2


def test_an_atom_without_neighbours_is_refused():
    alone = Structure(Lattice.cubic(20.0), ["Li", "O", "H"], [[0, 0, 0], [0, 0, 0.1], [0.5] * 3])
    with pytest.raises(ValueError, match=r"atom 2 \(H\) has no neighbour within 6\.0 angstrom"):
        crystal_graph(alone, ATOM_CUTOFF, BOND_CUTOFF)
