"""Projected states: sum rules, and GPAW's own projected density of states of the same run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from llo_dft.engines.gpaw.gpaw_files import GpawFileError
from llo_dft.engines.gpaw.projected_states import GpawElectrons, projected_density
from llo_dft.runs.orbital_centers import centers_of

#: Written by GPAW 26.7.0: primitive Li2MnO3, PBE+U, protocol fast, static.
RECORDED = Path(__file__).parents[2] / "data/gpaw_outputs/li2mno3_static"


def test_the_density_sums_to_the_projections_whatever_the_grid():
    rng = np.random.default_rng(0)
    eigenvalues = rng.normal(size=(2, 3, 5))
    weights = rng.uniform(size=(2, 3, 5, 4))
    k_points = np.array([0.5, 0.25, 0.25])
    energies, density = projected_density(eigenvalues, k_points, weights)
    expected = np.einsum("skna,k->as", weights, k_points)
    step = energies[1] - energies[0]
    assert density.sum(axis=2) * step == pytest.approx(expected, rel=1e-6)
    centre = (density * energies).sum(axis=2) / density.sum(axis=2)
    moments = np.einsum("skna,k,skn->as", weights, k_points, eigenvalues)
    assert centre == pytest.approx(moments / expected, abs=1e-6)


def test_o_2p_holds_most_of_the_electrons_that_o_has_there():
    found = GpawElectrons(RECORDED).states("O", "p")
    step = found.energies_ev[1] - found.energies_ev[0]
    edge = (found.fermi_ev - found.energies_ev[0]) / step
    held = found.density[..., : int(edge)].sum(axis=(1, 2)) * step
    # of six 2p electrons of an O2- the part within its PAW sphere
    assert held == pytest.approx(np.full(6, 4.2), abs=0.5)


def test_band_edges_and_centres_are_those_that_gpaw_itself_gives():
    own = json.loads((RECORDED / "gpaw_itself.json").read_text(encoding="utf-8"))
    states = GpawElectrons(RECORDED).states("O", "p")
    centers, _ = centers_of(states, ("O", "p"), "vbm", None, classes={})
    assert centers.edges.gap_ev == pytest.approx(own["gap_ev"], abs=1e-3)
    assert centers.edges.gap_ev == pytest.approx(2.29, abs=0.05)
    found = [site.centers.both.fixed.center_ev for site in centers.sites]
    assert found == pytest.approx(own["o_2p_centers_from_vbm_ev"], abs=0.02)


def test_a_missing_orbital_a_missing_grid_and_damage_are_named(tmp_path):
    with pytest.raises(GpawFileError, match="no projections onto P p; it has s, p, d of Li, Mn, O"):
        GpawElectrons(RECORDED).states("P", "p")
    with pytest.raises(GpawFileError, match="no projections onto O f"):
        GpawElectrons(RECORDED).states("O", "f")
    with pytest.raises(GpawFileError, match="there is no CHGCAR in"):
        _ = GpawElectrons(RECORDED).density
    with pytest.raises(GpawFileError, match="there is no LOCPOT in"):
        _ = GpawElectrons(RECORDED).potential
    folder = Path(shutil.copytree(RECORDED, tmp_path / "run"))
    with np.load(folder / "electrons.npz") as file:
        arrays = dict(file)
    np.savez(folder / "electrons.npz", **arrays | {"k_point_weights": np.ones(2)})
    with pytest.raises(GpawFileError, match="does not fit the calculation beside it"):
        GpawElectrons(folder).states("O", "p")
    np.savez(folder / "electrons.npz", **arrays | {"occupations": np.array([{}])})
    with pytest.raises(GpawFileError, match="can't be read: Object arrays cannot be loaded"):
        GpawElectrons(folder).states("O", "p")
    (folder / "electrons.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(GpawFileError, match="can't be read"):
        GpawElectrons(folder).states("O", "p")
