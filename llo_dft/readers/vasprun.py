"""vasprun.xml, plain or compressed, in one pass and without building its tree.

The small parts are parsed as XML; the big arrays are read in the fixed columns in which VASP
writes them, only those asked for, and all others are skipped. Memory is bounded by what is
asked for. What is cut off, damaged or not a number raises ``VaspFileError`` with the place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.readers.vasprun_calculation import (
    Found,
    Wanted,
    final_crystal,
    read_calculation,
    read_last_atoms,
)
from llo_dft.readers.vasprun_convergence import Convergence, convergence
from llo_dft.readers.vasprun_dos import (
    ProjectedDensity,
    ProjectionRequest,
    TotalDensity,
)
from llo_dft.readers.vasprun_eigenvalues import (
    Eigenvalues,
    electrons,
    electrons_agree,
)
from llo_dft.readers.vasprun_errors import VaspFileError
from llo_dft.readers.vasprun_fallback import read_with_pymatgen
from llo_dft.readers.vasprun_header import Crystal, Header, read_header
from llo_dft.readers.vasprun_settings import VaspSettings, vasp_settings
from llo_dft.readers.vasprun_stream import ByteStream
from llo_dft.readers.vasprun_xml import parse_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.readers.vasprun_steps import Step
    from llo_dft.readers.vasprun_xml import Value

__all__ = ["ProjectionRequest", "VaspFileError", "Vasprun", "read_vasprun"]

#: How far beyond filled or empty states a Fermi level may lie, eV: runs on other k-points than
#: those that gave the density have it some tenths off.
_FERMI_SLACK_EV: Final = 2.0

_BETWEEN: Final = re.compile(rb"<calculation>|</modeling>")


@dataclass(frozen=True)
class Vasprun:
    """A finished VASP run.

    Attributes
    ----------
    path
        The file.
    header
        Settings, atoms, k-points, initial structure.
    settings
        What must agree before energies may be subtracted.
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
    """

    path: Path
    header: Header
    settings: VaspSettings
    steps: tuple[Step, ...]
    convergence: Convergence
    final: Crystal
    total_dos: TotalDensity | None = None
    projected_dos: ProjectedDensity | None = None
    eigenvalues: Eigenvalues | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

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


def read_vasprun(
    path: str | Path,
    *,
    eigenvalues: bool = False,
    dos: bool = False,
    projection: ProjectionRequest | None = None,
    all_steps: bool = False,
) -> Vasprun:
    """Read a vasprun.xml, .xml.gz or .xml.xz.

    Parameters
    ----------
    path
        The file; what it is compressed with is seen from its content.
    eigenvalues
        Whether to read eigenvalues and occupations.
    dos
        Whether to read the total density of states (always with a projection).
    projection
        Which projected densities of states to read.
    all_steps
        Whether to keep forces and structure of every ionic step.

    Raises
    ------
    VaspFileError
        If the file is unreadable, cut off, damaged, or lacks what is asked for; ``fault`` says
        which and ``place`` where.
    """
    path = Path(path)
    wanted = Wanted(eigenvalues, dos or projection is not None, projection, all_steps)
    found = Found()
    with ByteStream(path) as stream:
        text, first = stream.take_to(_BETWEEN, "header")
        header = read_header(stream, parse_part(stream, text + b"</modeling>", 0, "header"))
        wanted.sites = _sites(path, header, projection)
        if first[0] != b"<calculation>":
            raise stream.error("absent", "no ionic step", "<modeling>")
        tail = b""
        while first[0] == b"<calculation>":
            read_calculation(stream, header, wanted, found)
            start = stream.offset
            text, first = stream.take_to(_BETWEEN, "after the last </calculation>")
            tail += text
        if stream.rest("after </modeling>").strip():
            raise stream.error("corrupt", "text after </modeling>", "end of file", start)
        read_last_atoms(stream, header, found)
        root = parse_part(stream, b"<modeling>" + tail + b"</modeling>", start, "end of file")
        final = final_crystal(stream, root, header, found)
    if found.free_layout:
        _read_free_layout(path, stream.offset, wanted, found)
    return _finish(path, header, wanted, found, final)


def _sites(
    path: Path, header: Header, projection: ProjectionRequest | None
) -> tuple[int, ...] | None:
    """Return the atoms whose projections are asked for."""
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


def _read_free_layout(path: Path, n_bytes: int, wanted: Wanted, found: Found) -> None:
    orbital = wanted.projection.orbital if wanted.projection else ""
    found.total, found.projected, found.eigenvalues = read_with_pymatgen(
        path, n_bytes, wanted.sites, orbital
    )
    if not wanted.eigenvalues:
        found.eigenvalues = None


def _finish(path: Path, header: Header, wanted: Wanted, found: Found, final: Crystal) -> Vasprun:
    decided = convergence(header.incar, header.parameters, found.steps)
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
    notes = list(vasp_settings(header).notes)
    if found.free_layout:
        notes.append("rows not in VASP's columns: densities and eigenvalues read by pymatgen")
    _check_electrons(header, found, notes)
    _check_fermi(path, header, found)
    return Vasprun(
        path=path,
        header=header,
        settings=vasp_settings(header),
        steps=tuple(found.steps),
        convergence=decided,
        final=final,
        total_dos=found.total,
        projected_dos=found.projected,
        eigenvalues=found.eigenvalues,
        problems=tuple(problems),
        notes=tuple(notes),
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
