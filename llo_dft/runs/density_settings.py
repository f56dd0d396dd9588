"""Whether the densities of three VASP runs belong together, by the runs that made them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llo_dft.analysis.comparability.fingerprints import check_allowed
from llo_dft.analysis.comparability.subtractable import Differences, FinishedRun, check_densities
from llo_dft.documents.calculation import CalculationDocument, Fingerprint
from llo_dft.engines.vasp.files.run_folder import find_run, read_run
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError
from llo_dft.errors import InputError
from llo_dft.runs.plain_runs import OWN_SETTINGS, k_mesh_of
from llo_dft.runs.run_summary import same_cell, structure_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.engines.vasp.files.grids.grid_header import GridHeader


@dataclass
class DensitySettings:
    """What is known of the settings that densities were computed with.

    Attributes
    ----------
    fingerprint
        Of AB; None if nothing beside its density says it.
    allowed
        Names of what was allowed to differ.
    differences
        In what they differ nevertheless.
    notes
        Which settings could not be compared.
    mock
        Whether a stand-in for VASP made any of them.
    """

    fingerprint: Fingerprint | None = None
    allowed: list[str] = field(default_factory=list)
    differences: Differences = field(default_factory=Differences)
    notes: list[str] = field(default_factory=list)
    mock: bool = False


def compared_settings(
    headers: tuple[GridHeader, GridHeader, GridHeader], allow: Sequence[str] = ()
) -> DensitySettings:
    """Compare the settings of A and of B with those of AB, as far as they are known.

    Parameters
    ----------
    headers
        Of the densities AB, A, B. A vasprun.xml or vaspout.h5 beside one is its run's if it
        ended with the same cell and atoms.
    allow
        Names of differences to allow.

    Raises
    ------
    InputError
        If the settings don't agree, with both values; if electrons did not converge; if the
        file of a run is damaged.
    """
    found = DensitySettings(allowed=check_allowed(allow))
    runs = [_run_of(header) for header in headers]
    for header, run in zip(headers, runs, strict=True):
        found.mock |= header.mock
        if run is None:
            what = "no vasprun.xml or vaspout.h5 of its run beside it, settings not compared"
            found.notes.append(f"{header.path}: {what}")
        else:
            found.mock |= run.calculation.mock
    whole, *parts = runs
    if whole is None:
        return found
    found.fingerprint = whole.calculation.fingerprint
    for part in parts:
        if part is not None:
            names = whole.calculation.label, part.calculation.label
            found.differences.add(*names, check_densities(whole, part, found.allowed))
    return found


def _run_of(header: GridHeader) -> FinishedRun | None:
    try:
        path = find_run(header.path.parent)
    except VaspFileError:
        return None
    run = read_run(path)
    if not same_cell(structure_of(run.final), header):
        return None
    if not run.convergence.electronic:
        raise VaspFileError(path, "unconverged", run.convergence.electronic_reason)
    energy = run.steps[-1].energy_ev
    if energy is None:
        raise InputError(f"{path}: the run has no total energy")
    # a density needs converged electrons, and no converged ions
    calculation = CalculationDocument(
        key="",
        label=str(path),
        kind="static",
        status="completed",
        fingerprint=run.fingerprint,
        protocol=OWN_SETTINGS,
        energy_ev=energy,
        structure=structure_of(run.final),
        mock=run.mock,
    )
    return FinishedRun(calculation, k_mesh_of(run))
