"""The head of an HDF5 file: whether it is one, and how long it says that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

#: First bytes of an HDF5 file.
SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"

#: Bytes of the longest superblock that is looked into.
SUPERBLOCK_BYTES: Final = 52

#: Where the superblock has the address of the file's end, by its version: 8 bytes each.
_END_AT: Final = {0: 40, 1: 44, 2: 28, 3: 28}

#: Where it has the number of bytes of an address, by its version.
_SIZE_AT: Final = {0: 13, 1: 13, 2: 9, 3: 9}

_ADDRESS_BYTES: Final = 8


def is_hdf5(path: Path) -> bool:
    """Tell by its first bytes whether a file is HDF5."""
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def announced_end(head: bytes) -> int | None:
    """Return the number of bytes that a file says it has; None if its head is cut off.

    Of a version or an address size that is not known here, 0: h5py then judges.
    """
    if len(head) < SUPERBLOCK_BYTES:
        return None
    version = head[len(SIGNATURE)]
    if version not in _END_AT or head[_SIZE_AT[version]] != _ADDRESS_BYTES:
        return 0
    at = _END_AT[version]
    return int.from_bytes(head[at : at + _ADDRESS_BYTES], "little")
