"""Summary of a finished VASP calculation, from its files."""

import math
from pathlib import Path
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.band_edges import band_edges
from llo_dft.analysis.electronic.oxidation_states import oxidation_states
from llo_dft.documents.electrons.electronic import (
    BandEdges,
    CalculationSummary,
    ConvergenceRecord,
    Moments,
)
from llo_dft.engines.vasp.files.file_errors import STANDIN_PROBLEM
from llo_dft.engines.vasp.files.grids.grid_header import GridHeader
from llo_dft.engines.vasp.files.outcar import Outcar
from llo_dft.engines.vasp.files.run_folder import find_outcar, read_outcar_at, read_run
from llo_dft.engines.vasp.files.vasprun.eigenvalues import electrons
from llo_dft.engines.vasp.files.vasprun.header import Crystal
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError, Vasprun

#: Largest difference of equal cells, angstrom.
SAME_CELL_ANGSTROM: Final = 1e-3


def summarize(path: Path) -> CalculationSummary:
    """Return the summary of the calculation in a folder or file.

    Raises ``InputError`` if it can't be read, or is damaged.
    """
    run = read_run_of(path)
    problems, notes = list(run.problems), list(run.notes)
    outcar = read_outcar_at(find_outcar(run.path), problems)
    problems += [STANDIN_PROBLEM] if run.mock or (outcar is not None and outcar.mock) else []
    edges = edges_of(run, notes)
    moments = _moments(run, outcar, problems)
    return CalculationSummary(
        path=str(path),
        formula=run.final.formula,
        n_atoms=len(run.final.symbols),
        n_ionic_steps=len(run.steps),
        energy_ev=run.energy_ev,
        converged=ConvergenceRecord(**vars(run.convergence)),
        fingerprint=run.fingerprint,
        moments=moments,
        oxidation_states=None
        if moments is None or moments.sites_mu_b is None
        else oxidation_states(structure_of(run.final), moments.sites_mu_b, cell_charge_of(run)),
        fermi_ev=run.fermi_ev,
        gap_ev=None if edges is None else edges.gap_ev,
        band_edges=edges,
        max_force_ev_per_angstrom=run.max_force_ev_per_angstrom,
        wall_s=None if outcar is None else outcar.wall_s,
        problems=problems,
        notes=notes,
        mock=STANDIN_PROBLEM in problems,
    )


def read_run_of(path: Path) -> Vasprun:
    """Read eigenvalues, and the Fermi level where there is a density of states.

    Raises ``InputError`` if there is no run, or its file is damaged.
    """
    try:
        return read_run(path, eigenvalues=True, dos=True)
    except VaspFileError as error:
        if error.fault != "absent":
            raise
        return read_run(path, eigenvalues=True)


def moment_of(run: Vasprun) -> float | None:
    """Return the moment of the cell, Bohr magnetons; None without occupations of two spins."""
    if run.eigenvalues is None or len(run.eigenvalues.occupations) != 2:  # noqa: PLR2004 (spins)
        return None
    up, down = electrons(run.eigenvalues, run.header.kpoints.weights, 1)
    return float(up - down)


def edges_of(run: Vasprun, notes: list[str]) -> BandEdges | None:
    """Return the band edges; None, with a note, if there are none."""
    if run.eigenvalues is None:
        notes.append("no eigenvalues: no band edges")
        return None
    if not run.convergence.electronic:
        notes.append("electrons not converged: no band edges")
        return None
    try:
        return band_edges(run.eigenvalues.energies_ev, run.eigenvalues.occupations, run.fermi_ev)
    except ValueError as error:
        notes.append(f"no band edges: {error}")
        return None


def _moments(run: Vasprun, outcar: Outcar | None, problems: list[str]) -> Moments | None:
    if not run.fingerprint.spin_polarized or not run.convergence.electronic:
        return None
    sites = site_moments_of(run, outcar, problems)
    return Moments(total_mu_b=moment_of(run), sites_mu_b=sites)


def site_moments_of(run: Vasprun, outcar: Outcar | None, problems: list[str]) -> list[float] | None:
    """Return the moment of each atom, Bohr magnetons, from OUTCAR or else vaspout.h5.

    None if neither has them; an OUTCAR of other atoms is added to the problems.
    """
    sites = None if outcar is None else outcar.moments_mu_b
    if sites is None:
        sites = run.moments_mu_b
    if sites is not None and len(sites) != len(run.final.symbols):
        problems.append(f"OUTCAR has moments of {len(sites)} atoms: it is of another run")
        return None
    return None if sites is None else list(sites)


def structure_of(crystal: Crystal) -> Structure:
    """Return a run's cell and atoms as pymatgen's."""
    return Structure(crystal.lattice_angstrom, crystal.symbols, crystal.fractional)


def same_cell(final: Structure, header: GridHeader) -> bool:
    """Tell whether a run ended with the atoms and the cell of a grid file."""
    difference = np.abs(final.lattice.matrix - header.lattice_angstrom)
    same_atoms = [site.specie.symbol for site in final] == list(header.species)
    return same_atoms and bool(difference.max() < SAME_CELL_ANGSTROM)


def cell_charge_of(run: Vasprun) -> float:
    """Return the charge of the cell, e: the valence electrons of its atoms minus NELECT."""
    used = run.parameters.get("NELECT")
    if not isinstance(used, int | float):
        return 0.0
    whole = sum(kind.n_atoms * kind.n_valence for kind in run.header.species)
    if not math.isfinite(whole):  # a vaspout.h5 without its POTCARs
        return 0.0
    return round(whole - used, 6)  # NELECT is printed to eight decimals
