"""The largest cell that a study plans: larger ones are refused before allocation."""

from typing import Final

from llo_dft.errors import InputError

#: Most atoms of a cell. The ordering searches store matrices of pairs, and the largest coated slab
#: that a published study relaxed by DFT has about 500.
MOST_ATOMS: Final = 3000

_BYTES_PER_PAIR: Final = 8


class TooLargeError(InputError):
    """A request for a cell that no engine here could compute."""


def check_size(n_atoms: int, what: str, request: str) -> None:
    """Refuse a cell of too many atoms.

    Parameters
    ----------
    n_atoms
        Atoms that the cell would have.
    what
        What the cell is, for example "the slab".
    request
        The keys and values that request it.

    Raises
    ------
    TooLargeError
        With the size and the limit.
    """
    if n_atoms <= MOST_ATOMS:
        return
    gigabytes = _BYTES_PER_PAIR * n_atoms**2 / 1e9
    raise TooLargeError(
        f"{request}: {what} would have {n_atoms:,} atoms ({gigabytes:,.1f} GB for one matrix of "
        f"their pairs); expected at most {MOST_ATOMS:,}. Use a smaller one"
    )
