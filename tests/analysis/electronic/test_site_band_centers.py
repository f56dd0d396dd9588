from __future__ import annotations

import numpy as np
import pytest

from llo_dft.analysis.electronic.band_edges import band_edges
from llo_dft.analysis.electronic.site_band_centers import (
    SiteDensities,
    band_centers,
)
from llo_dft.documents.electrons.electronic import BandCenters, BandEdges

GRID = np.linspace(-9.0, 6.0, 751)
EDGES = BandEdges(
    vbm_ev=0.5,
    cbm_ev=2.5,
    gap_ev=2.0,
    fermi_ev=0.6,
    is_metal=False,
    spin_gaps_ev=[2.0, 2.0],
    valence_bottom_ev=-8.0,
    valence_tops_ev=[1.5, 1.5],
)
CLASSES = {4: "3TM", 5: "2TM+1Li", 7: "3TM"}


def levels(*centers: float) -> np.ndarray:
    return sum(np.exp(-(((GRID - c) / 0.2) ** 2)) / (0.2 * np.sqrt(np.pi)) for c in centers)


def densities(shift: float = 0.0) -> SiteDensities:
    density = np.array([
        [levels(-3, -1), levels(-3, 4)],
        [levels(-2), levels(-2, -1)],
        [levels(-4, 4), levels(-1)],
    ])  # fmt: skip
    return SiteDensities("O", "p", GRID + shift, density, (4, 5, 7), CLASSES)


def centers(**options: object) -> BandCenters:
    return band_centers("run", densities(), EDGES, **options)  # type: ignore[arg-type]


def test_hand_worked_centres_from_the_vbm():
    found = centers()
    occupied = found.total.both.valence
    assert occupied.weight == pytest.approx(8.0, abs=1e-6)
    # states below the gap: -3 -1 -3 | -2 -2 -1 | -4 -1, less the VBM at 0.5
    assert occupied.center_ev == pytest.approx(-17 / 8 - 0.5, abs=1e-6)
    assert found.total.both.full.center_ev == pytest.approx((-17 + 8) / 10 - 0.5, abs=1e-6)
    assert found.classes["2TM+1Li"].centers.both.valence.center_ev == pytest.approx(-5 / 3 - 0.5)
    assert found.total.up is not None
    assert found.total.up.valence.center_ev == pytest.approx(-10 / 4 - 0.5, abs=1e-6)
    assert found.windows_ev["valence"] == (-8.5, 1.0)
    assert found.windows_ev["fixed"] == (-12.0, 0.0)
    assert found.notes == []


@pytest.mark.parametrize("window", ["valence", "full", "fixed"])
@pytest.mark.parametrize("spin", ["both", "up", "down"])
def test_the_total_is_the_mean_of_the_sites_by_weight(window, spin):
    found = centers()
    for groups in (
        [site.centers for site in found.sites],
        [one.centers for one in found.classes.values()],
    ):
        parts = [getattr(getattr(group, spin), window) for group in groups]
        total = getattr(getattr(found.total, spin), window)
        weight = sum(part.weight for part in parts)
        mean = sum(part.weight * (part.center_ev or 0.0) for part in parts) / weight
        assert total.weight == pytest.approx(weight, abs=1e-10)
        assert total.center_ev == pytest.approx(mean, abs=1e-10)


def test_a_shift_of_all_energies_changes_nothing_from_the_vbm():
    levels_ev = {"vbm_ev": 1.75, "cbm_ev": 3.75, "fermi_ev": 1.85}
    window = {"valence_bottom_ev": -6.75, "valence_tops_ev": [2.75, 2.75]}
    shifted = EDGES.model_copy(update=levels_ev | window)
    moved = band_centers("run", densities(1.25), shifted)
    for window in ("valence", "full", "fixed"):
        first, second = (getattr(one.total.both, window) for one in (centers(), moved))
        assert second.center_ev == pytest.approx(first.center_ev, abs=1e-9)
        assert second.weight == pytest.approx(first.weight, abs=1e-9)


def test_references_differ_by_their_levels():
    options = {"levels_ev": {"vacuum": 5.5, "core": -510.0}}
    from_vbm = centers(**options).total.both.valence.center_ev
    assert from_vbm is not None
    for reference, level in (("fermi", 0.6), ("vacuum", 5.5), ("core", -510.0)):
        found = centers(reference=reference, **options)
        assert found.total.both.valence.center_ev == pytest.approx(from_vbm + 0.5 - level)
        assert found.reference_ev == level


def test_a_spin_without_occupied_states_above_the_gap_has_no_valence_band():
    edges = EDGES.model_copy(update={"valence_tops_ev": [1.5, -8.5]})
    found = band_centers("run", densities(), edges).total
    assert found.up is not None
    assert found.down is not None
    assert (found.down.valence.center_ev, found.down.valence.weight) == (None, 0.0)
    assert found.both.valence == found.up.valence


def test_what_is_refused():
    with pytest.raises(ValueError, match="must have LO below HI, got 1:1"):
        centers(fixed_window_ev=(1.0, 1.0))
    with pytest.raises(ValueError, match=r"shape \(2 sites, 1 or 2 spins"):
        SiteDensities("O", "p", GRID, np.zeros((3, 1, GRID.size)), (1, 2), {})


def test_curves_are_of_one_atom_of_a_class():
    means = densities().class_means()
    assert list(means) == ["2TM+1Li", "3TM"]
    up, down = means["3TM"]  # of two atoms, each with two states up; one has one down
    assert np.trapezoid(up, GRID) == pytest.approx(2.0, abs=1e-6)
    assert np.trapezoid(down, GRID) == pytest.approx(1.5, abs=1e-6)


#: Levels of a phosphate, from its VBM: O 2s, two bonding states of PO4, O 2p, and empty ones.
PHOSPHATE = (-20.0, -19.0, -9.5, -7.5, -5.0, -3.0, -1.0, 0.0, 4.0)
WIDE = np.linspace(-25.0, 8.0, 3301)


def states_at(*centers: float) -> np.ndarray:
    """One O p electron at each level, on the wide grid."""
    return sum(np.exp(-(((WIDE - c) / 0.05) ** 2)) / (0.05 * np.sqrt(np.pi)) for c in centers)


def one_atom(*spins: np.ndarray) -> SiteDensities:
    return SiteDensities("O", "p", WIDE, np.array([spins]), (0,), {})


def bands_of(*spins: tuple[float, ...], filled: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    energies = np.array([[sorted(levels_ev)] for levels_ev in spins])
    return energies, np.array([
        [np.arange(energies.shape[2]) < n] for n in filled
    ], dtype=float)  # fmt: skip


def test_the_valence_band_holds_the_p_o_states_and_not_o_2s():
    edges = band_edges(*bands_of(PHOSPHATE, filled=(8,)), 2.0)
    assert edges.valence_bottom_ev == pytest.approx((-19.0 - 9.5) / 2)
    found = band_centers("Li3PO4", one_atom(states_at(*PHOSPHATE)), edges).total.both
    # by hand: -9.5 -7.5 -5 -3 -1 0 are six electrons; with O 2s eight; from -12 to the VBM the
    # last, whose half is above, counts with weight 1/2 at -sigma/sqrt(pi)
    assert found.valence.weight == pytest.approx(6.0, abs=1e-6)
    assert found.valence.center_ev == pytest.approx(-26.0 / 6, abs=1e-6)
    assert found.full.weight == pytest.approx(9.0, abs=1e-6)
    assert found.full.center_ev == pytest.approx((-26.0 - 39.0 + 4.0) / 9, abs=1e-6)
    assert found.fixed.weight == pytest.approx(5.5, abs=1e-3)
    half = -0.05 / np.sqrt(np.pi) / 2
    assert found.fixed.center_ev == pytest.approx((-26.0 + half) / 5.5, abs=1e-3)
    exact = np.sqrt((9.5**2 + 7.5**2 + 5**2 + 3**2 + 1) / 6 - (26.0 / 6) ** 2 + 0.05**2 / 2)
    assert found.valence.width_ev == pytest.approx(exact, abs=1e-6)


def test_two_groups_are_told_apart_as_well():
    oxide = (-18.0, -17.0, -6.0, -4.0, -2.0, 0.0, 3.0)
    edges = band_edges(*bands_of(oxide, filled=(6,)), 1.0)
    found = band_centers("oxide", one_atom(states_at(*oxide)), edges).total.both.valence
    assert (found.weight, found.center_ev) == pytest.approx((4.0, -3.0), abs=1e-6)


def test_without_a_gap_below_the_window_begins_with_the_densities_and_a_note_says_so():
    crowded = (-12.0, -9.5, -7.0, -4.5, -2.0, 0.0, 3.0)
    edges = band_edges(*bands_of(crowded, filled=(6,)), 1.0)
    found = band_centers("oxide", one_atom(states_at(*crowded)), edges)
    assert found.windows_ev["valence"] == (-25.0, 1.5)
    (note,) = found.notes
    assert "no gap of 3 eV below the valence band" in note


def test_of_a_metal_states_count_up_to_e_f():
    metal = (-18.0, -6.0, -4.0, -2.0, -0.5, 0.5)
    energies, filling = bands_of(metal, filled=(5,))
    filling[0, 0, 4] = 0.7
    edges = band_edges(energies, filling, -0.25)
    found = band_centers("metal", one_atom(states_at(*metal)), edges).total.both.valence
    # from E_F = -0.25 eV
    assert (found.weight, found.center_ev) == pytest.approx((4.0, -3.125 + 0.25), abs=1e-6)


def test_with_a_fixed_moment_each_spin_is_occupied_up_to_a_level_of_its_own():
    up, down = (-18.0, -3.0, -1.0, 0.5, 3.0), (-18.0, -4.0, -2.0, 0.0, 1.0)
    edges = band_edges(*bands_of(up, down, filled=(4, 3)), None)
    assert edges.valence_tops_ev == pytest.approx([1.75, -1.0])
    found = band_centers("O2", one_atom(states_at(*up), states_at(*down)), edges).total
    assert found.up is not None
    assert found.down is not None
    # from the highest filled state at 0.5 eV; the empty state of the other spin at 0 is out
    assert (found.up.valence.weight, found.up.valence.center_ev) == pytest.approx(
        (3.0, -3.5 / 3 - 0.5), abs=1e-6
    )
    assert (found.down.valence.weight, found.down.valence.center_ev) == pytest.approx(
        (2.0, -3.0 - 0.5), abs=1e-6
    )
    assert (found.both.valence.weight, found.both.valence.center_ev) == pytest.approx(
        (5.0, -9.5 / 5 - 0.5), abs=1e-6
    )
