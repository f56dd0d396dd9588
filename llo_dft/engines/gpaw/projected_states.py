"""The electrons of a finished static calculation by GPAW, from the driver's files."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from llo_dft.engines.calculated_electrons import OrbitalStates
from llo_dft.engines.gpaw.gpaw_files import GpawFileError, GpawResult, read_result
from llo_dft.typing import FloatArray

#: What eigenstates are broadened by, exp(-(e / width)^2), and distance of the energies, eV.
WIDTH_EV: Final = 0.1
STEP_EV: Final = 0.02

#: The grid of energies ends so many widths beyond the states.
_BEYOND: Final = 6

#: Shells in the order of the file.
_ORBITALS: Final = "spd"

#: The arrays of electrons.npz.
_ARRAYS: Final = ("eigenvalues_ev", "occupations", "k_point_weights", "projections")

_STANDIN: Final = "a stand-in for GPAW wrote these files: they are no results"


@dataclass(frozen=True)
class GpawElectrons:
    """Implements ``CalculatedElectrons`` for the calculation in a folder."""

    folder: Path

    def states(self, element: str, orbital: str) -> OrbitalStates:
        """Return the states, projected onto an orbital of an element.

        A projection is |<p|psi>|^2 of the bound partial waves of that shell, as in GPAW's own
        projected densities of states; broadened by Gaussians of ``WIDTH_EV``.

        Raises ``GpawFileError`` if a file is missing or damaged, or there is no such element or
        orbital.
        """
        result = read_result(self.folder)
        if result.problem is not None:
            raise GpawFileError(f"{self.folder}: {result.problem}")
        found = self._arrays(result)
        sites = [i for i, symbol in enumerate(result.symbols) if symbol == element]
        if not sites or orbital not in _ORBITALS:
            raise GpawFileError(
                f"{self.folder} has no projections onto {element} {orbital}; it has s, p, d of "
                f"{', '.join(sorted(set(result.symbols)))}"
            )
        weights = found["projections"][..., sites, _ORBITALS.index(orbital)]
        energies, density = projected_density(
            found["eigenvalues_ev"], found["k_point_weights"], weights
        )
        notes = []
        if len(result.fermi_ev) > 1:
            notes = ["each spin has its own E_F since the moment is fixed: none is used"]
        return OrbitalStates(
            source=self.folder,
            structure=result.structure,
            fingerprint=result.fingerprint,
            energies_ev=energies,
            density=density,
            sites=sites,
            eigenvalues_ev=found["eigenvalues_ev"],
            occupations=found["occupations"],
            fermi_ev=None if notes else result.fermi_ev[0],
            vacuum_levels_ev=result.vacuum_levels_ev,
            problems=(_STANDIN,) if result.mock else (),
            notes=tuple(notes),
            mock=result.mock,
        )

    @property
    def density(self) -> Path:
        """File of the all-electron density (CHGCAR); ``GpawFileError`` if there is none."""
        return self._grid("CHGCAR")

    @property
    def potential(self) -> Path:
        """File of the electrostatic potential (LOCPOT); ``GpawFileError`` if there is none."""
        return self._grid("LOCPOT")

    def _grid(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise GpawFileError(f"there is no {name} in {self.folder}: no static calculation?")
        return path

    def _arrays(self, result: GpawResult) -> dict[str, FloatArray]:
        path = self.folder / "electrons.npz"
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {name: np.asarray(file[name], dtype=np.float64) for name in _ARRAYS}
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise GpawFileError(f"{path} can't be read: {error}") from error
        shape = found["eigenvalues_ev"].shape
        expected = (*shape, len(result.symbols), len(_ORBITALS))
        if (
            found["projections"].shape != expected
            or found["occupations"].shape != shape
            or found["k_point_weights"].shape != shape[1:2]
            or not all(np.isfinite(one).all() for one in found.values())
        ):
            raise GpawFileError(f"{path} does not fit the calculation beside it")
        return found


def projected_density(
    eigenvalues_ev: FloatArray, k_point_weights: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return energies, shape (n_energies,), and the projected density of states on them.

    The density has the shape (n_sites, n_spins, n_energies), in states per eV.

    ``eigenvalues_ev`` have the shape (n_spins, n_k_points, n_bands), ``k_point_weights`` the sum 1,
    and ``weights``, the projection of each state, the shape (n_spins, n_k_points, n_bands,
    n_sites).
    """
    low, high = eigenvalues_ev.min(), eigenvalues_ev.max()
    n_steps = int(np.ceil((high - low + 2 * _BEYOND * WIDTH_EV) / STEP_EV))
    energies = low - _BEYOND * WIDTH_EV + STEP_EV * np.arange(n_steps + 1)
    weighted = weights * k_point_weights[:, None, None]
    n_spins, n_sites = len(eigenvalues_ev), weights.shape[-1]
    density = np.empty((n_sites, n_spins, len(energies)))
    for spin, states in enumerate(eigenvalues_ev.reshape(n_spins, -1)):
        gaussians = np.exp(-(((energies[:, None] - states) / WIDTH_EV) ** 2))
        gaussians /= np.sqrt(np.pi) * WIDTH_EV
        density[:, spin] = (gaussians @ weighted[spin].reshape(-1, n_sites)).T
    return energies, density
