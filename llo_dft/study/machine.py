"""What this machine provides for a run, and the largest cell that it is asked to hold."""

import os
from typing import Final

from llo_dft.errors import InputError

#: Memory of one worker with a potential and about a hundred atoms, bytes.
MEMORY_PER_WORKER = 2 * 1024**3

#: Most atoms of a cell. The ordering searches store matrices of pairs, and the largest coated slab
#: that a published study relaxed by DFT has about 500.
MOST_ATOMS: Final = 3000


def default_workers() -> int:
    """Return one worker for each processor that this process may use, as memory allows."""
    from llo_dft.runner.run_flow import processors  # noqa: PLC0415 (jobflow: most of a second)

    return max(1, min(processors(), available_memory() // MEMORY_PER_WORKER))


def available_memory() -> int:
    """Return the available memory, bytes (the total if that is not known)."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 (not a user's path)
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_size(n_atoms: int, what: str, request: str) -> None:
    """Refuse a cell of too many atoms.

    ``what`` is the cell, for example "the slab", ``request`` the keys and values that request it.

    Raises ``InputError``, with the size and the limit.
    """
    if n_atoms <= MOST_ATOMS:
        return
    gigabytes = 8 * n_atoms**2 / 1e9
    raise InputError(
        f"{request}: {what} would have {n_atoms:,} atoms ({gigabytes:,.1f} GB for one matrix of "
        f"their pairs); expected at most {MOST_ATOMS:,}. Use a smaller one"
    )
