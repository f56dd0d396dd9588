"""A finished VASP run, whichever file it was read from, and the checks of it as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.convergence import Convergence, convergence
from llo_dft.engines.vasp.files.vasprun.densities import (
    ProjectedDensity,
    ProjectionRequest,
    TotalDensity,
)
from llo_dft.engines.vasp.files.vasprun.eigenvalues import Eigenvalues, electrons, electrons_agree
from llo_dft.engines.vasp.files.vasprun.elements import Value
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header
from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step

if TYPE_CHECKING:
    from llo_dft.documents.calculation import Fingerprint

#: By how much filled states may lie above E_F, or empty ones below it, eV: tetrahedra fill bands
#: by parts, so that a state that is filled by more than half may lie some tenths above it.
_FERMI_SLACK_EV: Final = 0.5

_FILLED: Final = 0.5

#: ISMEAR with which occupations are those of another run, or of INCAR.
_FIXED_OCCUPATIONS: Final = -2


@dataclass
class Wanted:
    """What is asked for; ``sites`` are the atoms that ``projection`` is of."""

    eigenvalues: bool
    dos: bool
    projection: ProjectionRequest | None
    sites: tuple[int, ...] | None = None


@dataclass
class Found:
    """What was found so far.

    ``moments_mu_b`` and ``decided`` (whether the run converged, where the file itself says more
    than its steps do) are there from vaspout.h5 only.
    """

    steps: list[Step] = field(default_factory=list)
    total: TotalDensity | None = None
    projected: ProjectedDensity | None = None
    eigenvalues: Eigenvalues | None = None
    problems: list[str] = field(default_factory=list)
    moments_mu_b: tuple[float, ...] | None = None
    decided: Convergence | None = None


@dataclass(frozen=True)
class Vasprun:
    """A finished VASP run."""

    path: Path
    header: Header
    """Settings, atoms, k-points, initial structure."""
    steps: tuple[Step, ...]
    """Ionic steps; forces and structure only of the last."""
    convergence: Convergence
    """Whether it converged, and by what that was decided."""
    final: Crystal
    """Cell and atoms at the end."""
    total_dos: TotalDensity | None = None
    projected_dos: ProjectedDensity | None = None
    eigenvalues: Eigenvalues | None = None
    """total_dos, projected_dos, eigenvalues: None unless asked for. The eigenvalues of a file
    without them are None too."""
    fermi_problem: str = ""
    """Why the Fermi level that the file has is not used; "" if it is."""
    other_problems: tuple[str, ...] = ()
    """What is wrong with the run beside its convergence, though the file is whole."""
    other_notes: tuple[str, ...] = ()
    """What a reader of the numbers should know beside what is said of the settings."""
    moments_mu_b: tuple[float, ...] | None = None
    """Moment of each atom within its sphere at the last step, Bohr magnetons, where vaspout.h5 has
    them (LORBIT, spins); beside a vasprun.xml OUTCAR has them."""

    @cached_property
    def _settings(self) -> tuple[Fingerprint, list[str]]:
        from llo_dft.engines.vasp.files.run_settings import run_fingerprint  # noqa: PLC0415 (pymatgen: most of the time of reading a band centre)

        return run_fingerprint(self.header, self.path)

    @property
    def fingerprint(self) -> Fingerprint:
        """Every setting that decides its energy.

        Raises ``VaspFileError`` if the OUTCAR beside it, which has what VASP 5 keeps out of
        vasprun.xml, can't be read.
        """
        return self._settings[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know; raises as ``fingerprint``."""
        return (*self._settings[1], *self.other_notes)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the run, though the file is whole."""
        found = list(self.other_problems)
        if not self.convergence.electronic:
            found.append(f"electrons not converged: {self.convergence.electronic_reason}")
        if not self.convergence.ionic:
            found.append(f"ions not converged: {self.convergence.ionic_reason}")
        if self.steps[-1].energy_ev is None:
            found.append("the run has no total energy")
        return tuple(found)

    @property
    def energy_ev(self) -> float | None:
        """Final energy without smearing, eV; None if the run did not converge or has none."""
        converged = self.convergence.electronic and self.convergence.ionic
        return self.steps[-1].energy_ev if converged else None

    @property
    def max_force_ev_per_angstrom(self) -> float | None:
        """Largest force on an atom along what it may move; None if the run has no forces."""
        forces = self.steps[-1].free_forces_ev_per_angstrom
        if forces is None:
            return None
        return float(np.linalg.norm(forces, axis=1).max(initial=0.0))

    @property
    def fermi_ev(self) -> float | None:
        """Fermi level, eV; None without a density of states, or with a ``fermi_problem``."""
        return None if self.total_dos is None or self.fermi_problem else self.total_dos.fermi_ev

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

    Raises ``VaspFileError`` if there is no such atom.
    """
    if projection is None:
        return None
    element = projection.element
    sites = tuple(i for i, symbol in enumerate(header.symbols) if element in {None, symbol})
    if not sites:
        what = f"no atom of {element} in {' '.join(dict.fromkeys(header.symbols))}"
        raise VaspFileError(path, "absent", what)
    return sites


def finish_run(path: Path, header: Header, wanted: Wanted, found: Found, final: Crystal) -> Vasprun:
    """Put together what was found, and say what of it means nothing.

    Raises ``VaspFileError`` if something that was asked for is not there.
    """
    if wanted.dos and found.total is None:
        raise VaspFileError(path, "absent", "no density of states in the last ionic step")
    if wanted.projection is not None and found.projected is None:
        raise VaspFileError(path, "absent", "no projected density of states")
    notes = _about_numbers(header, found)
    fermi_problem = _fermi_problem(header, found)
    if fermi_problem:
        notes.append(f"E_F is not used: {fermi_problem}")
    return Vasprun(
        path=path,
        header=header,
        steps=tuple(found.steps),
        convergence=found.decided or convergence(header.incar, header.parameters, found.steps),
        final=final,
        total_dos=found.total,
        projected_dos=found.projected,
        eigenvalues=found.eigenvalues,
        fermi_problem=fermi_problem,
        other_problems=tuple(found.problems),
        other_notes=tuple(notes),
        moments_mu_b=found.moments_mu_b,
    )


def _about_numbers(header: Header, found: Found) -> list[str]:
    """Return what a reader of energies and occupations should know."""
    notes, used = [], header.parameters
    if used.get("LSORBIT") is True:
        notes.append("non-collinear spins, with spin-orbit coupling")
    elif used.get("LNONCOLLINEAR") is True:
        notes.append("non-collinear spins")
    pressure = used.get("PSTRESS")
    if isinstance(pressure, int | float) and pressure:
        notes.append(f"PSTRESS = {pressure:g} kbar: the energy is without the enthalpy's p V")
    expected = used.get("NELECT")
    if found.eigenvalues is None or not isinstance(expected, float):
        return notes
    collinear = used.get("LNONCOLLINEAR") is not True
    per_state = 2 if collinear and len(found.eigenvalues.occupations) == 1 else 1
    counted = float(electrons(found.eigenvalues, header.kpoints.weights, per_state).sum())
    if not electrons_agree(found.eigenvalues, counted, expected):
        notes.append(f"the occupations add up to {counted:.3f} electrons, NELECT is {expected:g}")
    return notes


def _fermi_problem(header: Header, found: Found) -> str:
    """Return why the Fermi level means nothing; "" if it means what it says."""
    if found.total is None:
        return ""
    fermi = found.total.fermi_ev
    if math.isnan(fermi):
        return "VASP printed stars for it"
    asked = _filled_otherwise(header, len(found.total.density))
    if asked:
        return asked
    below, above = -math.inf, math.inf
    if found.eigenvalues is not None:
        energies, filled = found.eigenvalues.energies_ev, found.eigenvalues.occupations >= _FILLED
        below = float(energies[filled].max(initial=below))
        above = float(energies[~filled].min(initial=above))
    if below - _FERMI_SLACK_EV > fermi:
        return f"{fermi:.3f} eV lies below filled states, which reach {below:.3f} eV"
    if above + _FERMI_SLACK_EV < fermi:
        return f"{fermi:.3f} eV lies above the empty states, which begin at {above:.3f} eV"
    return ""


def _filled_otherwise(header: Header, n_spins: int) -> str:
    """Return which setting makes it that the crystal's states are not filled up to one level."""
    moment = header.parameters.get("NUPDOWN", -1)
    if n_spins > 1 and isinstance(moment, int | float) and moment >= 0:
        return f"with a fixed moment (NUPDOWN = {moment:g}) each spin has its own, VASP writes one"
    fixed = [name for name in ("FERWE", "FERDO") if name in header.incar]
    if fixed or header.parameters.get("ISMEAR") == _FIXED_OCCUPATIONS:
        return f"the occupations are fixed ({', '.join(fixed) or 'ISMEAR = -2'}), not filled to it"
    if header.kpoints.style.lower().startswith("listgenerated"):
        return "k-points along lines do not tell where the crystal's states are filled to"
    return ""
