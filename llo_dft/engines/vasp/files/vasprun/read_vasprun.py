"""vasprun.xml, plain or compressed, in one pass and without building its tree.

The small parts are parsed as XML; the requested big arrays are read in the fixed columns in which
VASP writes them, and all others are skipped. Memory is bounded by what is requested. What is cut
off, damaged or not a number raises ``VaspFileError`` with the place.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.finished_run import Found, Vasprun, Wanted, finish_run, sites_of
from llo_dft.engines.vasp.files.vasprun.densities import ProjectionRequest, read_dos
from llo_dft.engines.vasp.files.vasprun.eigenvalues import read_eigenvalues
from llo_dft.engines.vasp.files.vasprun.elements import XmlPart, parse_part
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header, read_crystal, read_header
from llo_dft.engines.vasp.files.vasprun.ionic_steps import (
    Step,
    read_atoms,
    read_energies,
    read_movable,
)

__all__ = ["ProjectionRequest", "VaspFileError", "Vasprun", "read_vasprun"]

_BETWEEN: Final = re.compile(rb"<calculation>|</modeling>")

#: The arrays within a step, and its end.
_WITHIN: Final = re.compile(
    rb"<(eigenvalues|dos|projected|eigenvalues_kpoints_opt|projected_kpoints_opt"
    rb"|electronvelocities|calculation|/calculation|/modeling)(?: [^>]*)?>"
)


def read_vasprun(
    path: str | Path,
    *,
    eigenvalues: bool = False,
    dos: bool = False,
    projection: ProjectionRequest | None = None,
) -> Vasprun:
    """Read a vasprun.xml, plain or compressed.

    Raises ``VaspFileError`` if the file is unreadable, cut off, damaged, or lacks what is asked
    for; ``fault`` says which and ``place`` where.

    Compression is detected from the content. ``eigenvalues`` and ``dos`` are whether to read
    eigenvalues with occupations, and the total density of states (always with a ``projection``,
    which says which projected densities to read).
    """
    path = Path(path)
    wanted = Wanted(eigenvalues, dos or projection is not None, projection)
    found = Found()
    with ByteStream(path) as stream:
        _check_kind(stream)
        text, first = stream.take_to(_BETWEEN, "header")
        root = parse_part(stream, text + b"</modeling>", 0, "header")
        header = read_header(root)
        wanted.sites = sites_of(path, header, projection)
        last: XmlPart | None = None
        tail, start = b"", stream.offset
        while first[0] == b"<calculation>":
            last = _read_calculation(stream, header, wanted, found)
            start = stream.offset
            text, first = stream.take_to(_BETWEEN, "after the last </calculation>")
            tail += text
        if stream.rest("after </modeling>").strip():
            raise stream.error("corrupt", "text after </modeling>", "end of file", start)
        if last is None:  # as in BSE and GW runs that read the states of another run
            found.steps.append(Step(None, None, np.empty(0)))
        else:
            fields, found.problems = read_atoms(last, header.symbols)
            places = [root.find("structure[@name='initialpos']")]
            root = parse_part(stream, b"<modeling>" + tail + b"</modeling>", start, "end of file")
            places.insert(0, root.find("structure[@name='finalpos']"))
            fields["movable"] = read_movable(places, len(header.symbols))
            found.steps[-1] = replace(found.steps[-1], **fields)  # type: ignore[arg-type]
        final = _final_crystal(root, header, found)
    return finish_run(path, header, wanted, found, final)


def _check_kind(stream: ByteStream) -> None:
    """Refuse another kind of file by its name, before it is reported as truncated."""
    head = stream.peek(512).lstrip()
    if b"<?xml"[: len(head)] == head[:5] or head.startswith(b"<modeling"):
        return
    what = "this is not a vasprun.xml: it does not begin with <?xml; name a run's folder, its "
    what += "vasprun.xml or its vaspout.h5 (OUTCAR alone is not enough)"
    raise VaspFileError(stream.path, "unreadable", what)


def _read_calculation(stream: ByteStream, header: Header, wanted: Wanted, found: Found) -> XmlPart:
    """Read one <calculation>, from just after its tag to just after its end."""
    where = f"<calculation> number {len(found.steps) + 1}"
    start = stream.offset
    parts: list[bytes] = []
    found.eigenvalues = found.total = found.projected = None  # those of the last step count
    while True:
        text, tag = stream.take_to(_WITHIN, where)
        parts.append(text)
        name = tag[1].decode("utf-8", "replace")
        if name == "/calculation":
            break
        if name in {"calculation", "/modeling"}:
            raise stream.error("corrupt", f"no end of {where}", where)
        _read_array(stream, tag, header, wanted, found)
    text = b"<calculation>" + b"".join(parts) + b"</calculation>"
    part = parse_part(stream, text, start, where)
    found.steps.append(Step(*read_energies(part, header)))
    return part


def _read_array(
    stream: ByteStream, tag: re.Match[bytes], header: Header, wanted: Wanted, found: Found
) -> None:
    """Read or skip a big array, from just after its tag to just after its end."""
    if tag[0] == b"<dos>" and wanted.dos:
        orbital = wanted.projection.orbital if wanted.projection else ""
        found.total, found.projected = read_dos(stream, header, wanted.sites, orbital)
    elif tag[0] == b"<eigenvalues>" and wanted.eigenvalues and found.eigenvalues is None:
        found.eigenvalues = read_eigenvalues(stream, header)
    else:
        name = tag[1].decode("utf-8", "replace")
        stream.skip_past(f"</{name}>".encode(), f"<{name}>")


def _final_crystal(root: XmlPart, header: Header, found: Found) -> Crystal:
    """Return the final structure: after a relaxation, one move beyond the last step's."""
    structure = root.find("structure[@name='finalpos']", "<structure> finalpos")
    if structure is not None:
        return read_crystal(structure, header.symbols)
    final = found.steps[-1].crystal or header.initial
    if final is None:
        raise root.stream.error("corrupt", "no final structure", "end of file")
    return final
