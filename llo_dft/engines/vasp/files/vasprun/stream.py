"""One pass over a file, plain or compressed, holding no more of it than is asked for."""

from __future__ import annotations

import gzip
import lzma
import zlib
from typing import IO, TYPE_CHECKING, Final, Self

import numpy as np

from llo_dft.engines.vasp.files.bounded_xz import XzReader
from llo_dft.engines.vasp.files.file_errors import Fault, VaspFileError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    import numpy.typing as npt

#: Bytes read at a time while looking for a tag.
CHUNK: Final = 1 << 16

#: Most bytes that a part of the file may have which is read as a whole (all but the big arrays).
MAX_PART_BYTES: Final = 1 << 26

#: Most text that a compressed file may hold, as a multiple of its size and on top of it. Real
#: files shrink 10 to 40 times; a bomb a thousand times or more.
MAX_EXPANSION: Final = 200
FREE_BYTES: Final = 1 << 26

#: Where a step begins, which no array reaches into.
_STEP: Final = b"<calculation>"

#: Longest tag that is looked for: so much of a chunk's end is looked at again with the next.
_LONGEST_TAG: Final = 256


class ByteStream:
    """Reads forward, by tag or by number of bytes. A plain file is skipped by seeking.

    Every method that would read past the end raises ``VaspFileError`` (truncated).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._window = b""
        self._cursor = 0
        self._start = 0  # place of the window's first byte in the text
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise VaspFileError(path, "unreadable", error.strerror or str(error)) from error
        magic = self._file.read(6)
        self._file.seek(0)
        self._compressed = True
        self._source: IO[bytes] | gzip.GzipFile | XzReader = self._file
        if magic.startswith(b"\x1f\x8b"):
            self._source = gzip.GzipFile(fileobj=self._file)
        elif magic == b"\xfd7zXZ\x00":
            self._source = XzReader(self._file)
        else:
            self._compressed = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    @property
    def offset(self) -> int:
        """Place in the text of the next byte."""
        return self._start + self._cursor

    def error(self, fault: Fault, what: str, section: str, offset: int | None = None) -> Exception:
        """Return an error that names a place."""
        at = self.offset if offset is None else offset
        return VaspFileError(self.path, fault, what, f"byte {at} (in {section})")

    def _truncated(self, section: str) -> Exception:
        return self.error(
            "truncated",
            "the file ends here; VASP was stopped while writing, or is still running",
            section,
            self._start + len(self._window),
        )

    def _read(self, n: int) -> bytes:
        try:
            data = self._source.read(n)
        except EOFError as error:
            message = "the compressed file ends here"
            raise self.error("truncated", message, "compression") from error
        except (zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise self.error("corrupt", f"it can't be unpacked: {error}", "compression") from error
        except OSError as error:
            raise VaspFileError(self.path, "unreadable", error.strerror or str(error)) from error
        if self._compressed:
            self._check_expansion()
        return data

    def _check_expansion(self) -> None:
        text = self._start + len(self._window)
        if text > FREE_BYTES + MAX_EXPANSION * self._file.tell():
            raise self.error(
                "refused",
                f"it unpacks to more than {MAX_EXPANSION} times its size, which no VASP file "
                "does; unpack it yourself if you trust it",
                "compression",
            )

    def _fill(self, n: int) -> bool:
        """Hold at least n bytes from the cursor on; False if the file has fewer left."""
        while (missing := n - (len(self._window) - self._cursor)) > 0:
            if not self._grow(max(missing, CHUNK)):
                return False
        return True

    def _grow(self, n: int) -> bool:
        """Read up to n bytes more, and let go of those before the cursor."""
        data = self._read(n)
        self._window = self._window[self._cursor :] + data
        self._start += self._cursor
        self._cursor = 0
        return bool(data)

    def peek(self, n: int) -> bytes:
        """Return the next n bytes, or what is left, and stay before them."""
        self._fill(n)
        return self._window[self._cursor : self._cursor + n]

    def take(self, n: int, section: str) -> bytes:
        """Return the next n bytes."""
        if not self._fill(n):
            raise self._truncated(section)
        data = self._window[self._cursor : self._cursor + n]
        self._cursor += n
        return data

    def take_into(self, out: npt.NDArray[np.uint8], section: str) -> None:
        """Fill an array of bytes, shape (n,), without a copy in between."""
        held = min(len(out), len(self._window) - self._cursor)
        out[:held] = np.frombuffer(self._window, np.uint8, held, self._cursor)
        self._cursor += held
        if held == len(out):
            return
        self._start += len(self._window)
        self._window, self._cursor = b"", 0
        rest = out[held:].data
        while rest:
            data = self._read_into(rest)
            if not data:
                raise self._truncated(section)
            self._start += data
            rest = rest[data:]

    def _read_into(self, out: memoryview) -> int:
        if self._compressed:
            data = self._read(len(out))
            out[: len(data)] = data
            return len(data)
        return int(self._file.readinto(out))  # type: ignore[attr-defined]

    def skip(self, n: int, section: str) -> None:
        """Go n bytes on; past the end is noticed at the next read."""
        held = len(self._window) - self._cursor
        if n <= held:
            self._cursor += n
            return
        self._start += len(self._window)
        self._window, self._cursor = b"", 0
        left = n - held
        if not self._compressed:
            self._file.seek(left, 1)
            self._start += left
            return
        while left:
            data = self._read(min(left, 1 << 20))
            if not data:
                raise self._truncated(section)
            self._start += len(data)
            left -= len(data)

    def skip_past(self, needle: bytes, section: str) -> None:
        """Go on to just after the next occurrence, which must come before the next step."""
        while True:
            found = self._window.find(needle, self._cursor)
            step = self._window.find(_STEP, self._cursor, None if found < 0 else found)
            if step >= 0:
                what = f"no {needle.decode()} before the next step"
                raise self.error("corrupt", what, section, self._start + step)
            if found >= 0:
                self._cursor = found + len(needle)
                return
            keep = max(self._cursor, len(self._window) - max(len(needle), len(_STEP)) + 1)
            data = self._read(1 << 20)
            if not data:
                raise self._truncated(section)
            self._window = self._window[keep:] + data
            self._start += keep
            self._cursor = 0

    def take_to(self, pattern: re.Pattern[bytes], section: str) -> tuple[bytes, re.Match[bytes]]:
        """Return the text before the next match, and the match; stay after it.

        Raises
        ------
        VaspFileError
            truncated: the file ends before a match. corrupt: it is further than
            ``MAX_PART_BYTES``, more than any such part has.
        """
        looked_at = 0
        while True:
            found = pattern.search(self._window, self._cursor + looked_at)
            if found is not None:
                before = self._window[self._cursor : found.start()]
                self._cursor = found.end()
                return before, found
            held = len(self._window) - self._cursor
            if held > MAX_PART_BYTES:
                raise self.error("corrupt", f"no end within {MAX_PART_BYTES >> 20} MiB", section)
            if not self._grow(max(CHUNK, held)):  # doubling, so that nothing is copied often
                raise self._truncated(section)
            looked_at = max(0, held - _LONGEST_TAG)

    def lines(self, section: str) -> Iterator[bytes]:
        """Give each line that is left; none may be longer than ``MAX_PART_BYTES``.

        A last line without its end is not given: nothing says whether it is whole.
        """
        pending = b""
        while data := self._window[self._cursor :] or self._read(1 << 20):
            self._start = self.offset + len(data)
            self._window, self._cursor = b"", 0
            *whole, pending = (pending + data).split(b"\n")
            yield from whole
            if len(pending) > MAX_PART_BYTES:
                raise self.error("corrupt", "a line without an end", section)

    def rest(self, section: str) -> bytes:
        """Return all that is left, at most ``MAX_PART_BYTES``."""
        if self._fill(MAX_PART_BYTES):
            raise self.error("corrupt", "the file goes on after its end", section)
        data = self._window[self._cursor :]
        self._cursor = len(self._window)
        return data
