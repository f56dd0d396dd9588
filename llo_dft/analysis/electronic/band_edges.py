"""Valence band, conduction band minimum and gap, from eigenvalues and occupations."""

from typing import Final

import numpy as np

from llo_dft.documents.electrons.electronic import BandEdges
from llo_dft.typing import FloatArray

#: Occupations further than this from 0 and 1 are partial. Smearing across a real gap causes less;
#: a band that crosses E_F has more, unless the k-points miss it.
PARTIAL_OCCUPATION: Final = 0.02

#: Width of the gap below the valence band, eV. In beta-Li3PO4 (PBE, 2x2x2 k-points) the band
#: itself has gaps of 1.6 and 2.0 eV, above the bonding states of PO4; O 2s lies 10.4 eV below.
GAP_BELOW_VALENCE_EV: Final = 3.0

#: Smallest fraction of the filled states that is a valence band rather than a few levels in a gap,
#: such as the electrons of a vacancy: O 2p makes up half of an oxide's states or more.
LEAST_VALENCE_SHARE: Final = 0.1

_HALF: Final = 0.5
_DIMENSIONS: Final = 3


def band_edges(
    energies_ev: FloatArray, occupations: FloatArray, fermi_ev: float | None
) -> BandEdges:
    """Find the band edges.

    A state is filled if its occupation is at least one half. If any is partial by more than
    ``PARTIAL_OCCUPATION``, or an empty state lies below a filled one, the run is a metal: the
    gap is 0 and both edges are E_F. Without E_F (with a fixed moment each spin has its own) they
    are the highest filled state, and the states of each spin count as occupied up to the middle of
    its own gap.

    The valence band begins in the middle of the first gap of ``GAP_BELOW_VALENCE_EV`` below it.

    Raises ``ValueError`` if shapes differ, a number is not finite, or nothing is filled.

    ``energies_ev`` and ``occupations``, 0 to 1, have the shape (n_spins, n_kpoints, n_bands);
    ``fermi_ev`` is E_F on the same zero, None if unknown.
    """
    energies = np.asarray(energies_ev, dtype=np.float64)
    filling = np.asarray(occupations, dtype=np.float64)
    if energies.shape != filling.shape or energies.ndim != _DIMENSIONS or not energies.size:
        raise ValueError(
            "Eigenvalues and occupations must have the same shape (spins, k-points, bands), got "
            f"{energies.shape} and {filling.shape}"
        )
    if not (np.isfinite(energies).all() and np.isfinite(filling).all()):
        raise ValueError("Eigenvalues and occupations must be finite")
    if not (filling >= _HALF).any():
        raise ValueError("No state is filled, so there is no valence band")
    vbm = float(energies[filling >= _HALF].max())
    empty = energies[filling < _HALF]
    cbm: float | None = float(empty.min()) if empty.size else None
    gap: float | None = None if cbm is None else cbm - vbm
    partial = _partial(filling)
    is_metal = partial or (cbm is not None and cbm <= vbm)
    tops: list[float | None] = [None if cbm is None else (vbm + cbm) / 2] * len(energies)
    note = "" if cbm is not None else "no empty bands: no conduction band, no gap"
    if is_metal:
        why = "partly filled states" if partial else "an empty state below a filled one"
        level = "the highest filled state" if fermi_ev is None else "E_F"
        note = f"metallic ({why}): the edges are {level}"
        vbm = cbm = vbm if fermi_ev is None else fermi_ev
        gap = 0.0
        tops = [fermi_ev] * len(energies)
        if fermi_ev is None:
            tops = [_top(e, f) for e, f in zip(energies, filling, strict=True)]
    return BandEdges(
        vbm_ev=vbm,
        cbm_ev=cbm,
        gap_ev=gap,
        fermi_ev=fermi_ev,
        is_metal=is_metal,
        spin_gaps_ev=[_gap(e, f) for e, f in zip(energies, filling, strict=True)],
        valence_bottom_ev=_valence_bottom(energies[filling >= _HALF]),
        valence_tops_ev=tops,
        note=note,
    )


def _valence_bottom(filled: FloatArray) -> float | None:
    """Return the middle of the gap below the valence band; None if there is no such gap."""
    levels = np.sort(filled)
    (below,) = np.nonzero(np.diff(levels) >= GAP_BELOW_VALENCE_EV)
    for last in below[::-1].tolist():
        if len(levels) - last - 1 >= LEAST_VALENCE_SHARE * len(levels):
            return float((levels[last] + levels[last + 1]) / 2)
    return None


def _top(energies: FloatArray, filling: FloatArray) -> float | None:
    """Return the energy up to which one spin is occupied, if it has its own level."""
    filled, empty = energies[filling >= _HALF], energies[filling < _HALF]
    if not empty.size:
        return None
    if not filled.size:
        return float(empty.min())
    highest = float(filled.max())
    return max(highest, (highest + float(empty.min())) / 2)


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
