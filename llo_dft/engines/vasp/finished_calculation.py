"""What the files of a finished VASP calculation say, read apart from atomate2."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pymatgen.core.structure import Structure

from llo_dft.engines.base import ReadBack
from llo_dft.engines.calculated_electrons import OrbitalStates
from llo_dft.engines.vasp.files.file_errors import STANDIN_PROBLEM
from llo_dft.engines.vasp.files.grids.read_grids import find_grid_file
from llo_dft.engines.vasp.files.outcar import Outcar, read_outcar
from llo_dft.engines.vasp.files.run_folder import find_outcar, read_outcar_at, read_run
from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, VaspFileError

#: VASP's version is not known before a run, the cell of the last k-points is not that of the
#: first ones where it was relaxed, and what hardly decides an energy is left to VASP.
_OF_THE_RUN: Final = ("engine_version", "k_spacing_per_angstrom", "other_settings")


@dataclass(frozen=True)
class VaspElectrons:
    """Implements ``CalculatedElectrons`` for the run in a folder, or of one vasprun.xml."""

    path: Path

    def states(self, element: str, orbital: str) -> OrbitalStates:
        """Return the states of a run whose electrons converged, projected onto an orbital.

        Raises ``VaspFileError`` if the run can't be read, did not converge, or lacks what is asked
        for.
        """
        projection = ProjectionRequest(orbital, element=element)
        run = read_run(self.path, eigenvalues=True, projection=projection)
        if not run.convergence.electronic:
            raise VaspFileError(run.path, "unconverged", run.convergence.electronic_reason)
        if run.eigenvalues is None or run.total_dos is None or run.projected_dos is None:
            raise VaspFileError(run.path, "absent", "no eigenvalues: no band edges")
        problems = list(run.problems)
        # the states are not of it, only what they are counted from
        outcar = read_outcar_at(find_outcar(run.path), problems) or Outcar()
        mock = run.mock or outcar.mock
        final = run.final
        core = outcar.core_levels_ev
        return OrbitalStates(
            source=run.path,
            structure=Structure(final.lattice_angstrom, final.symbols, final.fractional),
            fingerprint=run.fingerprint,
            energies_ev=run.total_dos.energies_ev,
            density=run.projected_dos.density,
            sites=run.projected_dos.sites,
            eigenvalues_ev=run.eigenvalues.energies_ev,
            occupations=run.eigenvalues.occupations,
            fermi_ev=run.fermi_ev,
            vacuum_levels_ev=outcar.vacuum_levels_ev,
            core_levels_ev=core if len(core) == len(final.symbols) else (),
            problems=(*problems, STANDIN_PROBLEM) if mock else tuple(problems),
            notes=run.notes,
            mock=mock,
        )

    @property
    def density(self) -> Path:
        """The file of the charge density; raises ``InputError`` if there is none."""
        return find_grid_file(self.path)

    @property
    def potential(self) -> Path:
        """The file of the local potential; raises ``InputError`` if there is none."""
        return find_grid_file(self.path, "LOCPOT")


def read_back(folder: Path) -> ReadBack:
    """Return settings, energy, structure and moments of the run in a folder.

    Raises ``VaspFileError`` if a file is damaged, or there is neither a vasprun.xml nor a
    vaspout.h5.
    """
    run = read_run(folder)
    done = run.convergence
    reason = done.ionic_reason if done.electronic else done.electronic_reason
    path = find_outcar(run.path)
    moments = None if path is None else read_outcar(path).moments_mu_b
    final = run.final
    return ReadBack(
        fingerprint=run.fingerprint,
        energy_ev=run.steps[-1].energy_ev,
        structure=Structure(final.lattice_angstrom, final.symbols, final.fractional),
        magmoms_mu_b=None if moments is None else list(moments),
        mock=run.mock,
        problems=() if done.electronic and done.ionic else (f"not converged: {reason}",),
        of_the_run=_OF_THE_RUN,
    )
