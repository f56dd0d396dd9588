"""Valence band maximum, conduction band minimum and gap, from eigenvalues and occupations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.documents.electronic import BandEdges

if TYPE_CHECKING:
    from llo_dft.typing import FloatArray

#: Occupations further than this from 0 and 1 are partial. Smearing across a real gap leaves
#: less; a band that crosses E_F has more, unless the k-points miss it.
PARTIAL_OCCUPATION: Final = 0.02

_HALF: Final = 0.5
_DIMENSIONS: Final = 3


def band_edges(
    energies_ev: FloatArray, occupations: FloatArray, fermi_ev: float | None
) -> BandEdges:
    """Find the band edges.

    A state is filled if its occupation is at least one half. If any is partial by more than
    ``PARTIAL_OCCUPATION``, or an empty state lies below a filled one, the run is a metal: the
    gap is 0 and both edges are E_F.

    Parameters
    ----------
    energies_ev
        Shape (n_spins, n_kpoints, n_bands).
    occupations
        Same shape, 0 to 1.
    fermi_ev
        E_F on the same zero; None if unknown.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or nothing is filled.
    """
    energies = np.asarray(energies_ev, dtype=np.float64)
    filling = np.asarray(occupations, dtype=np.float64)
    if energies.shape != filling.shape or energies.ndim != _DIMENSIONS or not energies.size:
        raise ValueError(
            "Eigenvalues and occupations must be of one shape (spins, k-points, bands), got "
            f"{energies.shape} and {filling.shape}"
        )
    if not (np.isfinite(energies).all() and np.isfinite(filling).all()):
        raise ValueError("Eigenvalues and occupations must be finite")
    if not (filling >= _HALF).any():
        raise ValueError("No state is filled, so there is no valence band")
    vbm = float(energies[filling >= _HALF].max())
    empty = energies[filling < _HALF]
    cbm = float(empty.min()) if empty.size else None
    spin_gaps = [_gap(e, f) for e, f in zip(energies, filling, strict=True)]
    partial = _partial(filling)
    if not partial and (cbm is None or cbm > vbm):
        note = "" if cbm is not None else "no empty bands: no conduction band, no gap"
        return BandEdges(
            vbm_ev=vbm,
            cbm_ev=cbm,
            gap_ev=None if cbm is None else cbm - vbm,
            fermi_ev=fermi_ev,
            is_metal=False,
            spin_gaps_ev=spin_gaps,
            note=note,
        )
    why = "partly filled states" if partial else "an empty state below a filled one"
    edge = vbm if fermi_ev is None else fermi_ev
    level = "the highest filled state" if fermi_ev is None else "E_F"
    return BandEdges(
        vbm_ev=edge,
        cbm_ev=edge,
        gap_ev=0.0,
        fermi_ev=fermi_ev,
        is_metal=True,
        spin_gaps_ev=spin_gaps,
        note=f"metallic ({why}): the edges are {level}",
    )


def _partial(filling: FloatArray) -> bool:
    return bool((np.abs(filling - np.round(filling)) > PARTIAL_OCCUPATION).any())


def _gap(energies: FloatArray, filling: FloatArray) -> float | None:
    """Return the gap of one spin; None if all or none of its states are filled."""
    filled, empty = energies[filling >= _HALF], energies[filling < _HALF]
    if not filled.size or not empty.size:
        return None
    if _partial(filling):
        return 0.0
    return max(0.0, float(empty.min() - filled.max()))
