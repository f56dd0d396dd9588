"""vasprun.xml, plain or compressed, in one pass and without building its tree.

The small parts are parsed as XML; the big arrays are read in the fixed columns in which VASP
writes them, only those asked for, and all others are skipped. Memory is bounded by what is
asked for. What is cut off, damaged or not a number raises ``VaspFileError`` with the place.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.finished_run import Vasprun, finish_run, sites_of
from llo_dft.engines.vasp.files.vasprun.calculations import (
    Found,
    Wanted,
    final_crystal,
    read_calculation,
    read_last_atoms,
)
from llo_dft.engines.vasp.files.vasprun.densities import ProjectionRequest
from llo_dft.engines.vasp.files.vasprun.elements import parse_part
from llo_dft.engines.vasp.files.vasprun.fallback import read_with_pymatgen
from llo_dft.engines.vasp.files.vasprun.header import read_header
from llo_dft.engines.vasp.files.vasprun.stream import ByteStream

__all__ = ["ProjectionRequest", "VaspFileError", "Vasprun", "read_vasprun"]

_BETWEEN: Final = re.compile(rb"<calculation>|</modeling>")


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
        wanted.sites = sites_of(path, header, projection)
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
    return finish_run(path, header, wanted, found, final)


def _read_free_layout(path: Path, n_bytes: int, wanted: Wanted, found: Found) -> None:
    orbital = wanted.projection.orbital if wanted.projection else ""
    found.total, found.projected, found.eigenvalues = read_with_pymatgen(
        path, n_bytes, wanted.sites, orbital
    )
    if not wanted.eigenvalues:
        found.eigenvalues = None
