"""One <calculation> after another: what is wanted of each is read, the rest is skipped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from llo_dft.engines.vasp.files.file_errors import FreeLayoutError
from llo_dft.engines.vasp.files.run_settings import smearing_of
from llo_dft.engines.vasp.files.vasprun.densities import (
    DosContext,
    ProjectedDensity,
    ProjectionRequest,
    TotalDensity,
    read_dos,
)
from llo_dft.engines.vasp.files.vasprun.eigenvalues import Eigenvalues, read_eigenvalues
from llo_dft.engines.vasp.files.vasprun.elements import parse_part
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header, read_crystal
from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step, read_atoms, read_energies

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from llo_dft.engines.vasp.files.vasprun.convergence import Convergence
    from llo_dft.engines.vasp.files.vasprun.stream import ByteStream

_WITHIN: Final = re.compile(
    rb"<(eigenvalues|dos|projected|eigenvalues_kpoints_opt|projected_kpoints_opt|calculation"
    rb"|/calculation|/modeling)(?: [^>]*)?>"
)

#: Largest distance of an atom's place in <finalpos> and in the last step, fractional: rounding
#: for one point, and for a relaxation the move that may still follow its last step.
_SAME_PLACE: Final = 2e-8
_LAST_MOVE: Final = 0.2


@dataclass
class Wanted:
    """What is asked for."""

    eigenvalues: bool
    dos: bool
    projection: ProjectionRequest | None
    all_steps: bool
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
    free_layout: bool = False
    last: tuple[ET.Element, str] | None = None
    moments_mu_b: tuple[float, ...] | None = None
    decided: Convergence | None = None


def read_calculation(stream: ByteStream, header: Header, wanted: Wanted, found: Found) -> None:
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
    found.steps.append(Step(energy, free, history))
    found.last = (element, where)
    if wanted.all_steps:
        read_last_atoms(stream, header, found)


def read_last_atoms(stream: ByteStream, header: Header, found: Found) -> None:
    """Read the atoms of the step that was met last; the others' are not looked at."""
    if found.last is None:
        return
    element, where = found.last
    fields, found.problems = read_atoms(stream, element, header.symbols, where)
    found.steps[-1] = replace(found.steps[-1], **fields)  # type: ignore[arg-type]
    found.last = None


def _read_array(
    stream: ByteStream,
    tag: re.Match[bytes],
    context: tuple[Header, Wanted, Found],
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
            n_bands = header.parameters.get("NBANDS")
            found.eigenvalues = read_eigenvalues(
                stream,
                len(header.kpoints.points),
                n_bands if isinstance(n_bands, int) else None,
            )
            return
    except FreeLayoutError:
        found.free_layout = True
    stream.skip_past(f"</{name}>".encode(), f"<{name}>")


def final_crystal(stream: ByteStream, root: ET.Element, header: Header, found: Found) -> Crystal:
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
        if moved.size and moved.max() > (_SAME_PLACE if single else _LAST_MOVE):
            what = "the final structure is not that of the last step"
            raise stream.error("corrupt", what, "<structure> finalpos")
    return final


def _relaxes(header: Header) -> bool:
    steps = header.parameters.get("NSW", 0)
    return isinstance(steps, int) and steps > 0
