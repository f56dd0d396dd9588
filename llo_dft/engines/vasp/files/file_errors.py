"""What can be wrong with a VASP file, named together with the place."""

from pathlib import Path
from typing import Final, Literal, TypeAlias

from llo_dft.errors import InputError

#: unreadable: no such file, it can't be opened, or it is another kind of file. truncated: it ends
#: too early (VASP was killed, or still writes). corrupt: VASP writes no such thing. not_a_number:
#: NaN, or stars where a number did not fit. refused: entities, or more bytes than allowed. absent:
#: what was asked for is not in it. unconverged: the numbers are there and are not results.
Fault: TypeAlias = Literal[
    "unreadable", "truncated", "corrupt", "not_a_number", "refused", "absent", "unconverged"
]


class VaspFileError(InputError):
    """A VASP file that can't be used.

    ``fault`` is what kind of thing is wrong with the file ``path``, and ``place`` where: a byte of
    the (uncompressed) text, a section, or both.
    """

    def __init__(self, path: Path, fault: Fault, what: str, place: str = "") -> None:
        self.path = path
        self.fault = fault
        self.place = place
        where = f" at {place}" if place else ""
        super().__init__(f"{path}: {fault.replace('_', ' ')}{where}: {what}")


#: What a stand-in writes into each of its files.
MARK: Final = "STAND-IN, not VASP"

#: The message for a calculation with that mark in its files.
STANDIN_PROBLEM: Final = "a stand-in for VASP wrote these files: no number in them is a result"


def is_marked(*texts: object) -> bool:
    """Tell whether any of some texts holds the mark, whatever else it says.

    Case doesn't count: pymatgen puts the words that it reads in vasprun.xml in small letters.

    ``texts`` are text, or bytes as they stand in a file; anything else counts as its ``str``.
    """
    mark = MARK.lower()
    return any(
        mark.encode() in text.lower() if isinstance(text, bytes) else mark in str(text).lower()
        for text in texts
    )
