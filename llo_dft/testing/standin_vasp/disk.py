"""Files of a run, on a disk that may be told to be full."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO


class Disk:
    """The folder of a run.

    Parameters
    ----------
    folder
        Where the files go.
    bytes_left
        What fits in all files together before the disk is full; None for a real disk.
    """

    def __init__(self, folder: Path, bytes_left: int | None = None) -> None:
        self.folder = folder
        self._left = bytes_left
        self._open: dict[str, IO[bytes]] = {}
        self._last = ""

    @property
    def last_file(self) -> str:
        """Name of the file that was written to last."""
        return self._last

    def write(self, name: str, data: str | bytes) -> None:
        """Append to a file, which the first call makes anew.

        Raises
        ------
        OSError
            No space left on device, after what still fitted was written.
        """
        if isinstance(data, str):
            data = data.encode("latin-1", errors="replace")
        self._last = name
        if name not in self._open:
            self._open[name] = (self.folder / name).open("wb")
        file = self._open[name]
        if self._left is not None and len(data) > self._left:
            file.write(data[: self._left])
            self._left = 0
            file.flush()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
        if self._left is not None:
            self._left -= len(data)
        file.write(data)

    def flush(self) -> None:
        """Let others see what was written so far."""
        for name, file in self._open.items():
            self._last = name
            file.flush()

    def replace(self, name: str, data: str) -> None:
        """Write a whole file anew, as VASP does with CONTCAR at each ionic step."""
        if name in self._open:
            self._open.pop(name).close()
        self.write(name, data)
        self._open[name].flush()

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._last, file = self._open.popitem()
            file.close()

    def give_up(self) -> None:
        """Close all files, whether or not what is still to be written fits."""
        while self._open:
            with suppress(OSError):
                self.close()
