import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.vacancy.electron_starts import electron_starts

MOMENTS = {"Mn": 3.1, "Ni": 1.7, "O": 0.05, "Li": 0.0}


def layer(first="Mn", second="Mn"):
    """Six metals of an edge-sharing layer, 2.9 angstrom apart, and an O above the first three."""
    lattice = Lattice.from_parameters(8.7, 5.8, 20, 90, 90, 120)
    metals = [[i / 3, j / 2, 0.5] for i in range(3) for j in range(2)]
    # above the middle of (0, 0), (1, 0) and (1, 1): one angstrom up
    oxygens = [[2 / 9, 1 / 6, 0.55], [0.8, 0.4, 0.45]]
    symbols = [first, second, "Mn", "Mn", "Mn", "Mn", "O", "O"]
    return Structure(lattice, symbols, metals + oxygens)


def moments_of(structure):
    return [MOMENTS[site.specie.symbol] for site in structure]


def without(structure, site):
    left = structure.copy()
    left.remove_sites([site])
    return left


def test_the_first_start_has_the_moments_of_the_host_atom_by_atom():
    host = layer()
    moments = [0.1 * i for i in range(len(host))]
    order = np.random.default_rng(1).permutation(7)
    vacancy = Structure.from_sites([without(host, 6)[i] for i in order])
    (only,) = electron_starts(host, moments, vacancy, 0)
    assert only.moments_mu_b == [([*moments[:6], moments[7]])[i] for i in order]
    assert (only.name, only.placed) == ("as in the host", False)


def test_two_electrons_go_onto_two_metals_beside_the_missing_oxygen():
    host = layer()
    own, *placed = electron_starts(host, moments_of(host), without(host, 6), 2)
    away = host.lattice.get_all_distances(host.frac_coords[[6]], host.frac_coords[:6])[0]
    nearest = set(np.argsort(away)[:3].tolist())
    assert len(placed) == 2
    pairs = []
    for start in placed:
        changed = [
            i
            for i, (a, b) in enumerate(zip(own.moments_mu_b, start.moments_mu_b, strict=True))
            if a != b
        ]
        assert [start.moments_mu_b[i] for i in changed] == [4.0, 4.0]  # Mn3+, high spin
        assert start.name == f"electrons on Mn{changed[0]} and Mn{changed[1]}"
        pairs.append(set(changed))
    assert pairs[0] <= nearest
    assert pairs[0] != pairs[1]
    assert len(pairs[1] & nearest) >= 1


def test_a_metal_that_takes_no_electron_is_passed_over():
    host = layer(first="Ni")  # Ni2+
    for start in electron_starts(host, moments_of(host), without(host, 6), 3)[1:]:
        assert start.moments_mu_b[0] == 1.7
        assert sorted(start.moments_mu_b)[-2:] == [4.0, 4.0]


def test_a_metal_keeps_the_direction_of_its_moment():
    host = layer()
    moments = moments_of(host)
    down = [-m if i < 4 else m for i, m in enumerate(moments)]
    for start in electron_starts(host, down, without(host, 6), 3)[1:]:
        for before, after in zip(down[:6], start.moments_mu_b[:6], strict=True):
            assert np.sign(before) == np.sign(after)


def test_a_metal_without_a_moment_takes_the_direction_of_its_neighbour():
    host = layer(first="Ni", second="Ni")
    moments = [0.1, 0.1, -3.1, -3.1, -3.1, -3.1, 0.0, 0.0]  # Ni4+
    starts = electron_starts(host, moments, without(host, 6), 3)[1:]
    on_nickel = [start.moments_mu_b[0] for start in starts if "Ni0" in start.name]
    assert on_nickel
    assert set(on_nickel) == {-1.0}  # Ni3+, low spin


def test_of_equivalent_pairs_one_is_tried_first():
    host = layer()
    own = electron_starts(host, moments_of(host), without(host, 6), 6)
    # of the three pairs of nearest metals all are alike; the second start is one of another kind
    away = host.lattice.get_all_distances(host.frac_coords[[6]], host.frac_coords[:6])[0]
    assert np.ptp(np.sort(away)[:3]) < 0.05
    nearest = set(np.argsort(away)[:3].tolist())
    pairs = [{i for i in range(6) if start.moments_mu_b[i] == 4.0} for start in own[1:]]
    assert pairs[0] <= nearest
    assert not pairs[1] <= nearest
    assert len(pairs) == len({frozenset(pair) for pair in pairs}) == 6


def test_each_of_two_missing_oxygens_leaves_two_electrons():
    host = layer()
    vacancy = host.copy()
    vacancy.remove_sites([6, 7])
    starts = electron_starts(host, moments_of(host), vacancy, 6)[1:]
    assert starts
    for start in starts:
        assert sum(m == 4.0 for m in start.moments_mu_b) == 4


def test_where_nothing_is_missing_or_no_metal_takes_electrons_there_is_one_start():
    host = layer()
    assert len(electron_starts(host, moments_of(host), host, 2)) == 1
    nickel = Structure(host.lattice, ["Ni"] * 6 + ["O"] * 2, host.frac_coords)
    assert len(electron_starts(nickel, moments_of(nickel), without(nickel, 6), 2)) == 1


def test_only_oxygen_may_be_missing():
    host = layer()
    with pytest.raises(ValueError, match="only O may be missing"):
        electron_starts(host, moments_of(host), without(host, 0), 2)


def test_no_metal_beyond_the_fourth_takes_an_electron():
    host = layer()
    starts = electron_starts(host, moments_of(host), without(host, 6), 99)
    assert len(starts) == 1 + 6  # the host's own, and the pairs among four metals
