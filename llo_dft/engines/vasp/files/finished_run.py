"""A finished VASP run, whichever file it was read from, and the checks of it as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.run_settings import run_fingerprint
from llo_dft.engines.vasp.files.vasprun.convergence import Convergence, convergence
from llo_dft.engines.vasp.files.vasprun.eigenvalues import (
    Eigenvalues,
    electrons,
    electrons_agree,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llo_dft.documents.calculation import Fingerprint
    from llo_dft.engines.vasp.files.vasprun.calculations import Found, Wanted
    from llo_dft.engines.vasp.files.vasprun.densities import (
        ProjectedDensity,
        ProjectionRequest,
        TotalDensity,
    )
    from llo_dft.engines.vasp.files.vasprun.elements import Value
    from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header
    from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step

#: How far beyond filled or empty states a Fermi level may lie, eV: runs on other k-points than
#: those that gave the density have it some tenths off.
_FERMI_SLACK_EV: Final = 2.0


@dataclass(frozen=True)
class Vasprun:
    """A finished VASP run.

    Attributes
    ----------
    path
        The file.
    header
        Settings, atoms, k-points, initial structure.
    fingerprint
        Every setting that decides its energy.
    steps
        Ionic steps; forces and structure only of the last unless all were asked for.
    convergence
        Whether it converged, and by what that was decided.
    final
        Cell and atoms at the end.
    eigenvalues, total_dos, projected_dos
        None unless asked for. The eigenvalues of a file without them are None too.
    fermi_ev
        Fermi level; None if the file has no density of states, or that was not read.
    problems
        What is wrong with the run, though the file is whole.
    notes
        What a reader of the numbers should know.
    moments_mu_b
        Moment of each atom within its sphere at the last step, Bohr magnetons; only vaspout.h5
        has them, and None even there without LORBIT or spins. OUTCAR has them beside a
        vasprun.xml.
    """

    path: Path
    header: Header
    fingerprint: Fingerprint
    steps: tuple[Step, ...]
    convergence: Convergence
    final: Crystal
    total_dos: TotalDensity | None = None
    projected_dos: ProjectedDensity | None = None
    eigenvalues: Eigenvalues | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    moments_mu_b: tuple[float, ...] | None = None

    @property
    def energy_ev(self) -> float | None:
        """Final energy without smearing, eV; None if the run did not converge or has none."""
        converged = self.convergence.electronic and self.convergence.ionic
        return self.steps[-1].energy_ev if converged else None

    @property
    def fermi_ev(self) -> float | None:
        """Fermi level, eV."""
        return None if self.total_dos is None else self.total_dos.fermi_ev

    @property
    def mock(self) -> bool:
        """Whether a stand-in for VASP wrote the file: its numbers are no results."""
        return self.header.mock

    @property
    def incar(self) -> dict[str, Value]:
        """Settings that were asked for."""
        return self.header.incar

    @property
    def parameters(self) -> dict[str, Value]:
        """Settings that were used."""
        return self.header.parameters


def sites_of(
    path: Path, header: Header, projection: ProjectionRequest | None
) -> tuple[int, ...] | None:
    """Return the atoms whose projections are asked for; None if none are.

    Raises
    ------
    VaspFileError
        If there is no such atom.
    """
    if projection is None:
        return None
    sites: Sequence[int] = range(len(header.symbols))
    if projection.sites is not None:
        sites = projection.sites
        wrong = [site for site in sites if not 0 <= site < len(header.symbols)]
        if wrong:
            what = f"no atom {wrong[0]} among {len(header.symbols)}"
            raise VaspFileError(path, "absent", what)
    if projection.element is not None:
        sites = [site for site in sites if header.symbols[site] == projection.element]
    if not sites:
        what = f"no atom of {projection.element} in {' '.join(dict.fromkeys(header.symbols))}"
        raise VaspFileError(path, "absent", what)
    return tuple(sites)


def finish_run(path: Path, header: Header, wanted: Wanted, found: Found, final: Crystal) -> Vasprun:
    """Put what was found together, and hold its parts against one another.

    Raises
    ------
    VaspFileError
        If something that was asked for is not there, or E_F contradicts the occupations.
    """
    decided = found.decided or convergence(header.incar, header.parameters, found.steps)
    problems = list(found.problems)
    if not decided.electronic:
        problems.append(f"electrons not converged: {decided.electronic_reason}")
    if not decided.ionic:
        problems.append(f"ions not converged: {decided.ionic_reason}")
    if found.steps[-1].energy_ev is None:
        problems.append("the run has no total energy")
    if wanted.dos and found.total is None:
        raise VaspFileError(path, "absent", "no density of states in the last ionic step")
    if wanted.projection is not None and found.projected is None:
        raise VaspFileError(path, "absent", "no projected density of states")
    fingerprint, notes = run_fingerprint(header, path)
    if found.free_layout:
        notes.append("rows not in VASP's columns: densities and eigenvalues read by pymatgen")
    _check_electrons(header, found, notes)
    _check_fermi(path, header, found)
    return Vasprun(
        path=path,
        header=header,
        fingerprint=fingerprint,
        steps=tuple(found.steps),
        convergence=decided,
        final=final,
        total_dos=found.total,
        projected_dos=found.projected,
        eigenvalues=found.eigenvalues,
        problems=tuple(problems),
        notes=tuple(notes),
        moments_mu_b=found.moments_mu_b,
    )


def _check_electrons(header: Header, found: Found, notes: list[str]) -> None:
    """Note occupations that don't add up to the number of electrons."""
    expected = header.parameters.get("NELECT")
    if found.eigenvalues is None or not isinstance(expected, float):
        return
    collinear = header.parameters.get("LNONCOLLINEAR") is not True
    per_state = 2 if collinear and len(found.eigenvalues.occupations) == 1 else 1
    counted = float(electrons(found.eigenvalues, header.kpoints.weights, per_state).sum())
    if not electrons_agree(found.eigenvalues, counted, expected):
        notes.append(f"the occupations add up to {counted:.3f} electrons, NELECT is {expected:g}")


def _check_fermi(path: Path, header: Header, found: Found) -> None:
    """Refuse a Fermi level far from where the occupations have it."""
    if found.eigenvalues is None or found.total is None:
        return
    fermi, width = found.total.fermi_ev, header.parameters.get("SIGMA", 0.0)
    slack = max(_FERMI_SLACK_EV, 10 * width if isinstance(width, float) else 0.0)
    energies, filled = found.eigenvalues.energies_ev, found.eigenvalues.occupations >= 0.5  # noqa: PLR2004
    below = energies[filled].max(initial=-np.inf)
    above = energies[~filled].min(initial=np.inf)
    if below - slack > fermi or above + slack < fermi:
        what = f"the Fermi level {fermi} eV contradicts the occupations"
        raise VaspFileError(path, "corrupt", what, "<dos>, efermi")
