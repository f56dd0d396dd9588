"""The mark of outputs that a stand-in for VASP wrote: no quantum mechanics was done.

A stand-in reads VASP's inputs and writes VASP's files, so that everything around VASP can be
tried without it. Its files say so, in words that VASP never writes: in the version of
vasprun.xml, at the head of OUTCAR and in the title of each grid. Whatever holds the mark is no
result.
"""

from __future__ import annotations

from typing import Final

#: What a stand-in writes into each of its files.
MARK: Final = "STAND-IN, not VASP"

#: What is said of a calculation whose files hold it.
STANDIN_PROBLEM: Final = "a stand-in for VASP wrote these files: no number in them is a result"


def is_marked(*texts: object) -> bool:
    """Tell whether any of some texts holds the mark, whatever else it says.

    Case doesn't count: pymatgen puts the words that it reads in vasprun.xml in small letters.

    Parameters
    ----------
    texts
        Text, or bytes as they stand in a file; anything else counts as its ``str``.
    """
    mark = MARK.lower()
    return any(
        mark.encode() in text.lower() if isinstance(text, bytes) else mark in str(text).lower()
        for text in texts
    )
