"""vaspout.h5 of VASP 6, read into the same record as vasprun.xml.

Where the two differ, vaspout.h5 has more digits, the moments of the atoms, and only those
settings that INCAR sets. Its layout is not documented by VASP; what is used of it is what
py4vasp's schema (Apache-2.0, version 0.11) names, held against a file of VASP 6.4.1.

===================================  ===================================================
dataset                              what is read of it
===================================  ===================================================
version/major, minor, patch          VASP's version
input/incar/TAG                      one dataset a tag; logicals are whole numbers
original/incar/content               text of INCAR: arrays, which the above may cut to one
input/poscar, results/positions      initial and final structure
input/potcar/content                 titles, valences and default cutoffs only
input/kpoints                        mode, and nkpx, nkpy, nkpz of a grid
intermediate/ion_dynamics            energies and their tags, lattice_vectors, position_ions,
                                     forces, stress, oszicar, magnetism
results/electron_eigenvalues         eigenvalues, fermiweights, k-points, nelectrons
results/electron_dos                 energies, dos, dosi, dospar, efermi
results/projectors/lchar             names of the orbitals
===================================  ===================================================
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llo_dft.engines.vasp.files.finished_run import Found, Vasprun, Wanted, finish_run, sites_of
from llo_dft.engines.vasp.files.vaspout.datasets import H5File
from llo_dft.engines.vasp.files.vaspout.h5_electrons import (
    read_eigenvalues,
    read_moments,
    read_projected,
    read_total,
)
from llo_dft.engines.vasp.files.vaspout.h5_header import read_header, read_positions
from llo_dft.engines.vasp.files.vaspout.h5_steps import decide, read_steps

if TYPE_CHECKING:
    from llo_dft.engines.vasp.files.vasprun.densities import ProjectionRequest


def read_vaspout(
    path: str | Path,
    *,
    eigenvalues: bool = False,
    dos: bool = False,
    projection: ProjectionRequest | None = None,
    all_steps: bool = False,
) -> Vasprun:
    """Read a vaspout.h5; parameters and result as of ``read_vasprun``.

    Needs the package h5py.

    Raises
    ------
    VaspFileError
        If the file is unreadable, cut off, damaged, or lacks what is asked for; ``fault`` says
        which and ``place`` names the dataset.
    """
    path = Path(path)
    wanted = Wanted(eigenvalues, dos or projection is not None, projection, all_steps)
    found = Found()
    with H5File(path) as file:
        header = read_header(file)
        wanted.sites = sites_of(path, header, projection)
        found.steps = read_steps(file, header, all_steps=all_steps)
        final = read_positions(file, "results/positions", header.symbols)
        found.decided = decide(file, header, found.steps)
        if header.parameters["ISPIN"] == 2:  # noqa: PLR2004 (two spins)
            found.moments_mu_b = read_moments(file, len(header.symbols), len(found.steps))
        if wanted.dos:
            found.total = read_total(file, header)
        if wanted.sites is not None and projection is not None and found.total is not None:
            found.projected = read_projected(
                file, header, found.total, wanted.sites, projection.orbital
            )
        if eigenvalues:
            found.eigenvalues = read_eigenvalues(file, header)
    return finish_run(path, header, wanted, found, final)
