"""llo-dft analyze summary: what finished calculations are, and what is wrong with them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.common import BAD_INPUT, COMPLETE, INCOMPLETE, print_json

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.documents.electronic import BandEdges, CalculationSummary, Moments
    from llo_dft.documents.oxidation import OxidationStates
    from llo_dft.readers.outcar import Outcar
    from llo_dft.readers.vasprun import Vasprun
    from llo_dft.readers.vasprun_header import Crystal


def summary(
    paths: list[Path] = typer.Argument(
        help="VASP run folders, or vasprun.xml or vaspout.h5 files."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print them as a JSON list."),  # noqa: FBT001, FBT003
) -> None:
    """Tell of finished calculations what they are: energy, settings, gap, moments, problems.

    The energy of a run that did not converge is not given.
    """
    from llo_dft.documents.electronic import CalculationSummary  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.errors import InputError  # noqa: PLC0415

    found = []
    unreadable = 0
    for path in paths:
        try:
            found.append(summarize(path))
        except InputError as error:
            unreadable += 1
            typer.echo(f"llo-dft: {error}", err=True)
            found.append(CalculationSummary(path=str(path), problems=[str(error)]))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        for one in found:
            if one.formula is not None:
                _print(one)
    if unreadable == len(paths):
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(INCOMPLETE if any(one.problems for one in found) else COMPLETE)


def summarize(path: Path) -> CalculationSummary:
    """Return what the calculation in a folder or file is.

    Raises
    ------
    InputError
        If it can't be read, or is damaged.
    """
    import numpy as np  # noqa: PLC0415 (keeps --help fast)

    from llo_dft.documents.calculation import Fingerprint  # noqa: PLC0415
    from llo_dft.documents.electronic import CalculationSummary, ConvergenceRecord  # noqa: PLC0415
    from llo_dft.readers.standin_mark import STANDIN_PROBLEM  # noqa: PLC0415

    run = read_run_of(path)
    problems, notes = list(run.problems), list(run.notes)
    outcar = read_outcar_beside(run, problems)
    problems += [STANDIN_PROBLEM] if run.mock or (outcar is not None and outcar.mock) else []
    edges = edges_of(run, notes)
    forces = run.steps[-1].forces_ev_per_angstrom
    moments = _moments(run, outcar, problems)
    return CalculationSummary(
        path=str(path),
        formula=run.final.formula,
        n_atoms=len(run.final.symbols),
        n_ionic_steps=len(run.steps),
        energy_ev=run.energy_ev,
        converged=ConvergenceRecord(**vars(run.convergence)),
        fingerprint=Fingerprint(**run.settings.as_fields()),
        moments=moments,
        oxidation_states=_oxidation_states(run, moments),
        fermi_ev=run.fermi_ev,
        gap_ev=None if edges is None else edges.gap_ev,
        band_edges=edges,
        max_force_ev_per_angstrom=None
        if forces is None
        else float(np.linalg.norm(forces, axis=1).max(initial=0.0)),
        wall_s=None if outcar is None else outcar.wall_s,
        problems=problems,
        notes=notes,
        mock=STANDIN_PROBLEM in problems,
    )


def read_run_of(path: Path) -> Vasprun:
    """Read eigenvalues, and the Fermi level where there is a density of states.

    Raises
    ------
    InputError
        If there is no run, or its file is damaged.
    """
    from llo_dft.readers.vasp_folder import read_run  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.readers.vasprun import VaspFileError  # noqa: PLC0415

    try:
        return read_run(path, eigenvalues=True, dos=True)
    except VaspFileError as error:
        if error.fault != "absent":
            raise
        return read_run(path, eigenvalues=True)


def read_outcar_beside(run: Vasprun, problems: list[str]) -> Outcar | None:
    """Return the OUTCAR beside a run's file; what is wrong with it becomes a problem."""
    from llo_dft.readers.outcar import read_outcar  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.readers.vasp_folder import find_outcar  # noqa: PLC0415
    from llo_dft.readers.vasprun import VaspFileError  # noqa: PLC0415

    path = find_outcar(run.path)
    if path is None:
        return None
    try:
        return read_outcar(path)
    except VaspFileError as error:
        problems.append(str(error))
        return None


def edges_of(run: Vasprun, notes: list[str]) -> BandEdges | None:
    """Return the band edges; None, and a note, where there are none to find."""
    from llo_dft.analysis.band_edges import band_edges  # noqa: PLC0415 (keeps --help fast)

    if run.eigenvalues is None:
        notes.append("no eigenvalues: no band edges")
        return None
    if not (run.convergence.electronic):
        notes.append("electrons not converged: no band edges")
        return None
    try:
        return band_edges(run.eigenvalues.energies_ev, run.eigenvalues.occupations, run.fermi_ev)
    except ValueError as error:
        notes.append(f"no band edges: {error}")
        return None


def _moments(run: Vasprun, outcar: Outcar | None, problems: list[str]) -> Moments | None:
    from llo_dft.documents.electronic import Moments  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.readers.vasprun_eigenvalues import electrons  # noqa: PLC0415

    if not run.settings.spin_polarized or not run.convergence.electronic:
        return None
    total = None
    if run.eigenvalues is not None and len(run.eigenvalues.occupations) > 1:
        up, down = electrons(run.eigenvalues, run.header.kpoints.weights, 1)
        total = float(up - down)
    sites = None if outcar is None else outcar.moments_mu_b
    if sites is None:
        sites = run.moments_mu_b
    if sites is not None and len(sites) != len(run.final.symbols):
        problems.append(f"OUTCAR has moments of {len(sites)} atoms: it is of another run")
        sites = None
    return Moments(total_mu_b=total, sites_mu_b=None if sites is None else list(sites))


def _oxidation_states(run: Vasprun, moments: Moments | None) -> OxidationStates | None:
    if moments is None or moments.sites_mu_b is None:
        return None
    from llo_dft.analysis.oxidation_states import oxidation_states  # noqa: PLC0415

    return oxidation_states(structure_of(run.final), moments.sites_mu_b, cell_charge_of(run))


def structure_of(crystal: Crystal) -> Structure:
    """Return a run's cell and atoms as pymatgen's."""
    from pymatgen.core.structure import Structure  # noqa: PLC0415 (keeps --help fast)

    return Structure(crystal.lattice_angstrom, crystal.symbols, crystal.fractional)


def cell_charge_of(run: Vasprun) -> float:
    """Return the charge of the cell, e: the valence electrons of its atoms less NELECT."""
    used = run.parameters.get("NELECT")
    if not isinstance(used, int | float):
        return 0.0
    whole = sum(kind.n_atoms * kind.n_valence for kind in run.header.species)
    if not math.isfinite(whole):  # a vaspout.h5 without its POTCARs
        return 0.0
    return round(whole - used, 6)  # NELECT is printed to eight decimals


def _print(one: CalculationSummary) -> None:
    energy = "no result" if one.energy_ev is None else f"{one.energy_ev:.6f} eV"
    typer.echo(f"{one.path}: {one.formula}, {energy}")
    if one.fingerprint is not None:
        settings = one.fingerprint
        cutoff = "" if settings.cutoff_ev is None else f", {settings.cutoff_ev:g} eV"
        hubbard = "".join(f", U({name}) {u:g} eV" for name, u in settings.u_values_ev.items())
        version = f"{settings.engine} {settings.engine_version}"
        typer.echo(f"  {version}, {settings.functional}{hubbard}{cutoff}")
    if one.band_edges is not None and one.gap_ev is not None:
        kind = "metal" if one.band_edges.is_metal else f"gap {one.gap_ev:.3f} eV"
        typer.echo(f"  {kind}, VBM {one.band_edges.vbm_ev:.3f} eV")
    if one.oxidation_states is not None:
        _print_states(one.oxidation_states)
    for problem in one.problems:
        typer.echo(f"  problem: {problem}")
    for note in one.notes:
        typer.echo(f"  note: {note}")


def _print_states(states: OxidationStates) -> None:
    from llo_dft.analysis.oxidation_states import state_name  # noqa: PLC0415 (keeps --help fast)

    for name, n_atoms in states.counts.items():
        atoms = [a for a in states.atoms if state_name(a.element, a.state) == name]
        sizes = [abs(atom.moment_mu_b) for atom in atoms]
        why = f"; {atoms[0].reason}" if atoms[0].state is None else ""
        typer.echo(f"  {name:>6s} {n_atoms:4d}  {min(sizes):.2f} to {max(sizes):.2f} mu_B{why}")
    typer.echo(f"  charge: {states.note}")
