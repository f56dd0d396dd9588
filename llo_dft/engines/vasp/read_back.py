"""What the files of a finished VASP calculation say, read apart from atomate2."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pymatgen.core.structure import Structure

from llo_dft.engines.base import ReadBack
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.run_folder import find_outcar, read_run

#: VASP's version is not known before a run, the cell of the last k-points is not that of the
#: first ones where it was relaxed, and what hardly decides an energy is left to VASP.
_OF_THE_RUN: Final = ("engine_version", "k_spacing_per_angstrom", "other_settings")


def read_back(folder: Path) -> ReadBack:
    """Return settings, energy, structure and moments of the run in a folder.

    Raises
    ------
    VaspFileError
        If a file is damaged, or there is neither a vasprun.xml nor a vaspout.h5.
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
