"""vasprun.xml, plain or compressed, in one pass and without building its tree.

The small parts are parsed as XML; the big arrays are read in the fixed columns in which VASP
writes them, only those asked for, and all others are skipped. Memory is bounded by what is
asked for. What is cut off, damaged or not a number raises ``VaspFileError`` with the place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from llo_dft.readers.vasprun_convergence import Convergence, convergence
from llo_dft.readers.vasprun_dos import (
    DosContext,
    ProjectedDensity,
    ProjectionRequest,
    TotalDensity,
    read_dos,
)
from llo_dft.readers.vasprun_eigenvalues import (
    Eigenvalues,
    electrons,
    electrons_agree,
    read_eigenvalues,
)
from llo_dft.readers.vasprun_errors import FreeLayoutError, VaspFileError
from llo_dft.readers.vasprun_fallback import read_with_pymatgen
from llo_dft.readers.vasprun_header import Crystal, Header, read_crystal, read_header
from llo_dft.readers.vasprun_settings import VaspSettings, smearing_of, vasp_settings
from llo_dft.readers.vasprun_steps import Step, read_atoms, read_energies
from llo_dft.readers.vasprun_stream import ByteStream
from llo_dft.readers.vasprun_xml import parse_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.readers.vasprun_xml import Value

__all__ = ["ProjectionRequest", "VaspFileError", "Vasprun", "read_vasprun"]

_BETWEEN: Final = re.compile(rb"<calculation>|</modeling>")
_WITHIN: Final = re.compile(
    rb"<(eigenvalues|dos|projected|eigenvalues_kpoints_opt|projected_kpoints_opt|calculation"
    rb"|/calculation|/modeling)(?: [^>]*)?>"
)

#: Largest distance of an atom's place in <finalpos> and in the last step, fractional.
_SAME_PLACE: Final = 2e-8


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
    def incar(self) -> dict[str, Value]:
        """Settings that were asked for."""
        return self.header.incar

    @property
    def parameters(self) -> dict[str, Value]:
        """Settings that were used."""
        return self.header.parameters


@dataclass
class _Wanted:
    eigenvalues: bool
    dos: bool
    projection: ProjectionRequest | None
    all_steps: bool
    sites: tuple[int, ...] | None = None


@dataclass
class _Found:
    steps: list[Step] = field(default_factory=list)
    total: TotalDensity | None = None
    projected: ProjectedDensity | None = None
    eigenvalues: Eigenvalues | None = None
    problems: list[str] = field(default_factory=list)
    free_layout: bool = False


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
    wanted = _Wanted(eigenvalues, dos or projection is not None, projection, all_steps)
    found = _Found()
    with ByteStream(path) as stream:
        text, first = stream.take_to(_BETWEEN, "header")
        header = read_header(stream, parse_part(stream, text + b"</modeling>", 0, "header"))
        wanted.sites = _sites(path, header, projection)
        if first[0] != b"<calculation>":
            raise stream.error("absent", "no ionic step", "<modeling>")
        tail = b""
        while first[0] == b"<calculation>":
            _read_calculation(stream, header, wanted, found)
            start = stream.offset
            text, first = stream.take_to(_BETWEEN, "after the last </calculation>")
            tail += text
        if stream.rest("after </modeling>").strip():
            raise stream.error("corrupt", "text after </modeling>", "end of file", start)
        root = parse_part(stream, b"<modeling>" + tail + b"</modeling>", start, "end of file")
        final = _final(stream, root, header, found)
    if found.free_layout:
        _read_free_layout(path, wanted, found)
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


def _read_calculation(stream: ByteStream, header: Header, wanted: _Wanted, found: _Found) -> None:
    """Read one <calculation>, from just after its tag to just after its end."""
    where = f"<calculation> number {len(found.steps) + 1}"
    start = stream.offset
    parts: list[bytes] = []
    found.eigenvalues = found.total = found.projected = None  # those of the last step count
    while True:
        text, tag = stream.take_to(_WITHIN, where)
        parts.append(text)
        name = tag[1].decode()
        if name == "/calculation":
            break
        if name in {"calculation", "/modeling"}:
            raise stream.error("corrupt", f"no end of {where}", where)
        _read_array(stream, tag, (header, wanted, found))
    text = b"<calculation>" + b"".join(parts) + b"</calculation>"
    element = parse_part(stream, text, start, where)
    smearing = smearing_of(header.parameters)
    energy, free, history = read_energies(stream, element, smearing, where)
    step = Step(energy, free, history)
    if found.steps and not wanted.all_steps:
        found.steps[-1] = replace(
            found.steps[-1], crystal=None, forces_ev_per_angstrom=None, stress_kbar=None
        )
    fields, problems = read_atoms(stream, element, header.symbols, where)
    found.problems = problems
    found.steps.append(replace(step, **fields))  # type: ignore[arg-type]


def _read_array(
    stream: ByteStream,
    tag: re.Match[bytes],
    context: tuple[Header, _Wanted, _Found],
) -> None:
    """Read or skip a big array, from just after its tag to just after its end."""
    header, wanted, found = context
    name = tag[1].decode()
    try:
        if tag[0] == b"<dos>" and wanted.dos and not found.free_layout:
            nedos = header.parameters.get("NEDOS")
            dos_context = DosContext(
                len(header.symbols),
                nedos if isinstance(nedos, int) else None,
                smearing_of(header.parameters),
            )
            orbital = wanted.projection.orbital if wanted.projection else ""
            found.total, found.projected = read_dos(stream, dos_context, wanted.sites, orbital)
            return
        if name == "eigenvalues" and wanted.eigenvalues and not found.free_layout:
            found.eigenvalues = read_eigenvalues(stream, len(header.kpoints.points))
            return
    except FreeLayoutError:
        found.free_layout = True
    stream.skip_past(f"</{name}>".encode(), f"<{name}>")


def _final(stream: ByteStream, root: Any, header: Header, found: _Found) -> Crystal:  # noqa: ANN401
    """Return the final structure: that of the last step, which <finalpos> repeats."""
    element = root.find("structure[@name='finalpos']")
    last = found.steps[-1].crystal
    if element is None:
        if last is None:
            raise stream.error("corrupt", "no final structure", "end of file")
        return last
    final = read_crystal(stream, element, header.symbols, "<structure> finalpos")
    if last is not None:
        # a relaxation's <finalpos> may be one move beyond the last step's atoms, but not far
        moved = abs(final.fractional - last.fractional)
        moved = abs(moved - moved.round())
        single = len(found.steps) == 1 and not _relaxes(header)
        if moved.size and moved.max() > (_SAME_PLACE if single else 0.2):
            what = "the final structure is not that of the last step"
            raise stream.error("corrupt", what, "<structure> finalpos")
    return final


def _relaxes(header: Header) -> bool:
    steps = header.parameters.get("NSW", 0)
    return isinstance(steps, int) and steps > 0


def _read_free_layout(path: Path, wanted: _Wanted, found: _Found) -> None:
    found.total, found.projected, found.eigenvalues = read_with_pymatgen(
        path, wanted.sites, wanted.projection.orbital if wanted.projection else ""
    )
    if not wanted.eigenvalues:
        found.eigenvalues = None


def _finish(path: Path, header: Header, wanted: _Wanted, found: _Found, final: Crystal) -> Vasprun:
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


def _check_electrons(header: Header, found: _Found, notes: list[str]) -> None:
    """Note occupations that don't add up to the number of electrons."""
    expected = header.parameters.get("NELECT")
    if found.eigenvalues is None or not isinstance(expected, float):
        return
    collinear = header.parameters.get("LNONCOLLINEAR") is not True
    per_state = 2 if collinear and len(found.eigenvalues.occupations) == 1 else 1
    counted = float(electrons(found.eigenvalues, header.kpoints.weights, per_state).sum())
    if not electrons_agree(found.eigenvalues, counted, expected):
        notes.append(f"the occupations add up to {counted:.3f} electrons, NELECT is {expected:g}")
