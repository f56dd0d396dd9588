from __future__ import annotations

import numpy as np
import pytest

from llo_dft.analysis.electronic.site_band_centers import (
    SiteDensities,
    band_centers,
)
from llo_dft.documents.electronic import BandCenters, BandEdges

GRID = np.linspace(-9.0, 6.0, 751)
EDGES = BandEdges(
    vbm_ev=0.5, cbm_ev=2.5, gap_ev=2.0, fermi_ev=0.6, is_metal=False, spin_gaps_ev=[2.0, 2.0]
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
    occupied = found.total.both.occupied
    assert occupied.weight == pytest.approx(8.0, abs=1e-6)
    # states below the gap: -3 -1 -3 | -2 -2 -1 | -4 -1, less the VBM at 0.5
    assert occupied.center_ev == pytest.approx(-17 / 8 - 0.5, abs=1e-6)
    assert found.total.both.full.center_ev == pytest.approx((-17 + 8) / 10 - 0.5, abs=1e-6)
    assert found.classes["2TM+1Li"].centers.both.occupied.center_ev == pytest.approx(-5 / 3 - 0.5)
    assert found.total.up is not None
    assert found.total.up.occupied.center_ev == pytest.approx(-10 / 4 - 0.5, abs=1e-6)
    assert found.windows_ev["fixed"] == (-8.0, 0.0)


@pytest.mark.parametrize("window", ["occupied", "full", "fixed"])
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
    shifted = EDGES.model_copy(update={"vbm_ev": 1.75, "cbm_ev": 3.75, "fermi_ev": 1.85})
    moved = band_centers("run", densities(1.25), shifted)
    for window in ("occupied", "full", "fixed"):
        first, second = (getattr(one.total.both, window) for one in (centers(), moved))
        assert second.center_ev == pytest.approx(first.center_ev, abs=1e-9)
        assert second.weight == pytest.approx(first.weight, abs=1e-9)


def test_references_differ_by_their_levels():
    options = {"levels_ev": {"vacuum": 5.5, "core": -510.0}}
    from_vbm = centers(**options).total.both.occupied.center_ev
    assert from_vbm is not None
    for reference, level in (("fermi", 0.6), ("vacuum", 5.5), ("core", -510.0)):
        found = centers(reference=reference, **options)
        assert found.total.both.occupied.center_ev == pytest.approx(from_vbm + 0.5 - level)
        assert found.reference_ev == level


def test_refusals_name_what_is_known():
    with pytest.raises(ValueError, match="vacuum level of run is not known; known are vbm, fermi"):
        centers(reference="vacuum")
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
