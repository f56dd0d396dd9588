"""Band centres of every site, class and spin in all windows, from projected densities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from llo_dft.analysis.electronic.band_center import joined_moments, window_moments
from llo_dft.analysis.electronic.band_edges import GAP_BELOW_VALENCE_EV
from llo_dft.documents.electrons.electronic import (
    BandCenters,
    BandEdges,
    ClassCenters,
    ReferenceLevel,
    SiteCenters,
    SpinCenters,
    Window,
    WindowCenters,
)
from llo_dft.typing import FloatArray

#: The default fixed window, relative to the VBM: O 2p of an oxide with the bonding states of a
#: phosphate down to -10 eV, without O 2s, which begins near -16 eV.
FIXED_WINDOW_FROM_VBM_EV: Final = (-12.0, 0.0)

_DIMENSIONS: Final = 3


@dataclass(frozen=True)
class SiteDensities:
    """Projected densities of some atoms."""

    element: str
    orbital: str
    """element, orbital: the element and orbital of the densities, for example 'O' and 'p'."""
    energies_ev: FloatArray
    """Ascending, on VASP's own zero, shape (n_energies,)."""
    density: FloatArray
    """States per eV, shape (n_sites, n_spins, n_energies), one or two spins."""
    sites: Sequence[int]
    """Index of each atom."""
    site_classes: Mapping[int, str]
    """Label of each site's environment, for example '3TM'; 'all' for other sites."""

    def __post_init__(self) -> None:
        """Refuse densities whose shape does not fit the sites."""
        shape = np.shape(self.density)
        if len(shape) != _DIMENSIONS or shape[0] != len(self.sites) or shape[1] not in {1, 2}:
            raise ValueError(
                f"Densities must have shape ({len(self.sites)} sites, 1 or 2 spins, energies), "
                f"got {shape}"
            )
        if not len(self.sites):
            raise ValueError("There must be at least one site")

    def rows_by_class(self) -> dict[str, list[int]]:
        """Return the rows of ``density`` of each class, by its name."""
        found: dict[str, list[int]] = {}
        for row, site in enumerate(self.sites):
            found.setdefault(self.site_classes.get(site, "all"), []).append(row)
        return dict(sorted(found.items()))

    def class_means(self) -> dict[str, FloatArray]:
        """Return the density of one atom of each class, shape (n_spins, n_energies)."""
        density = np.asarray(self.density, dtype=np.float64)
        return {name: density[rows].mean(axis=0) for name, rows in self.rows_by_class().items()}


def band_centers(
    label: str,
    densities: SiteDensities,
    edges: BandEdges,
    *,
    reference: ReferenceLevel = "vbm",
    levels_ev: Mapping[ReferenceLevel, float] | None = None,
    fixed_window_ev: tuple[float, float] | None = None,
) -> BandCenters:
    """Compute the band centres of all sites, of their classes and of all together.

    The valence window goes from the gap above O 2s to the middle of the gap above the VBM, or to
    E_F in a metal; where each spin has its own E_F, to that. The full window is the whole grid.
    The total is the weighted mean of the sites, in every window.

    Raises ``ValueError`` if the fixed window is empty.

    ``label`` names the calculation, for the reader; ``edges`` are those of the same run.
    ``reference``, a known level, is the zero of the resulting energies; ``levels_ev`` are the
    vacuum and core level on VASP's own zero, if known. ``fixed_window_ev`` is the lowest and
    highest energy of the fixed window, relative to the reference; None:
    ``FIXED_WINDOW_FROM_VBM_EV``, relative to the VBM.
    """
    references: dict[ReferenceLevel, float] = {"vbm": edges.vbm_ev}
    if edges.fermi_ev is not None:
        references["fermi"] = edges.fermi_ev
    references |= dict(levels_ev or {})
    zero = references[reference]
    energies = np.asarray(densities.energies_ev, dtype=np.float64) - zero
    density = np.asarray(densities.density, dtype=np.float64)
    windows = _windows(energies, edges, zero, density.shape[1], fixed_window_ev)
    notes = [edges.note] if edges.note else []
    if edges.valence_bottom_ev is None:
        notes.append(
            f"no gap of {GAP_BELOW_VALENCE_EV:g} eV below the valence band: its window begins "
            "with the densities, and may contain O 2s"
        )
    return BandCenters(
        label=label,
        element=densities.element,
        orbital=densities.orbital,
        reference=reference,
        reference_ev=zero,
        references_ev=references,
        windows_ev={
            name: (spins[0][0], max(high for _, high in spins)) for name, spins in windows.items()
        },
        edges=edges,
        total=_spins(energies, density.sum(axis=0), windows),
        classes={
            name: ClassCenters(
                n_sites=len(rows), centers=_spins(energies, density[rows].sum(axis=0), windows)
            )
            for name, rows in densities.rows_by_class().items()
        },
        sites=[
            SiteCenters(
                site=site,
                site_class=densities.site_classes.get(site, "all"),
                centers=_spins(energies, density[row], windows),
            )
            for row, site in enumerate(densities.sites)
        ],
        notes=notes,
    )


def _windows(
    energies: FloatArray,
    edges: BandEdges,
    zero: float,
    n_spins: int,
    fixed: tuple[float, float] | None,
) -> dict[Window, list[tuple[float, float]]]:
    """Return all windows, for each spin."""
    low, high = float(energies[0]), float(energies[-1])
    if fixed is None:
        bottom, end = FIXED_WINDOW_FROM_VBM_EV
        fixed = (edges.vbm_ev - zero + bottom, edges.vbm_ev - zero + end)
    if not fixed[0] < fixed[1]:
        raise ValueError(f"The fixed window must have LO below HI, got {fixed[0]:g}:{fixed[1]:g}")
    tops = [high if top is None else top - zero for top in edges.valence_tops_ev[:n_spins]]
    if max(tops) <= low:
        raise ValueError("The grid of the densities begins above the occupied states")
    if edges.valence_bottom_ev is not None:
        low = max(low, edges.valence_bottom_ev - zero)
    return {
        "valence": [(low, max(top, low)) for top in tops],
        "full": [(float(energies[0]), high)] * n_spins,
        "fixed": [fixed] * n_spins,
    }


def _spins(
    energies: FloatArray,
    density: FloatArray,
    windows: Mapping[Window, Sequence[tuple[float, float]]],
) -> SpinCenters:
    """Return the moments in all windows, of each spin and of both."""
    found = {
        name: [
            window_moments(energies, spin, window)
            for spin, window in zip(density, limits, strict=True)
        ]
        for name, limits in windows.items()
    }
    both = WindowCenters(**{name: joined_moments(spins) for name, spins in found.items()})
    if len(density) == 1:
        return SpinCenters(both=both)
    up, down = (
        WindowCenters(**{name: spins[i] for name, spins in found.items()}) for i in range(2)
    )
    return SpinCenters(both=both, up=up, down=down)
