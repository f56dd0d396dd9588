"""The door's part for electrons: states, density and potential of a finished calculation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.typing import FloatArray


@dataclass(frozen=True)
class OrbitalStates:
    """States of a finished calculation, and their projections onto an orbital of an element.

    All energies are on the engine's own zero.
    """

    source: Path
    structure: Structure
    fingerprint: Fingerprint
    """source, structure, fingerprint: where they were read from, what was computed, and with which
    settings."""
    energies_ev: FloatArray
    density: FloatArray
    """energies_ev, density: grid of the densities, shape (n_energies,), and the projected densities
    of ``sites``, states per eV, shape (n_sites, n_spins, n_energies)."""
    sites: Sequence[int]
    """Index of each atom of that element."""
    eigenvalues_ev: FloatArray
    occupations: FloatArray
    """eigenvalues_ev, occupations: shape (n_spins, n_k_points, n_bands); occupations from 0 to
    1."""
    fermi_ev: float | None
    vacuum_levels_ev: tuple[float, float] | None = None
    core_levels_ev: Sequence[Mapping[str, float]] = ()
    """fermi_ev, vacuum_levels_ev, core_levels_ev: as far as they are known: Fermi level, the levels
    above the upper and below the lower face of a slab, and the core states of each atom: {'1s':
    -514.2}."""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mock: bool = False
    """problems, notes, mock: what is wrong with the calculation, what a reader of the numbers
    should know, and whether a stand-in for the engine wrote the files."""


class CalculatedElectrons(Protocol):
    """The electrons of a finished static calculation, read when they are asked for.

    Density and potential are files in the layout of VASP's CHGCAR and LOCPOT: too big to be passed.
    """

    def states(self, element: str, orbital: str) -> OrbitalStates:
        """Return the states, projected onto an orbital ("p") of an element."""

    @property
    def density(self) -> Path:
        """The file of the charge density."""

    @property
    def potential(self) -> Path:
        """The file of the local potential."""
