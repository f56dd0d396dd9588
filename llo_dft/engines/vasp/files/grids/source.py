"""A grid file as a stream of bytes: plain, .gz or .xz, with bounded memory and a known place."""

from __future__ import annotations

import gzip
import lzma
import zlib
from contextlib import contextmanager
from io import SEEK_CUR, SEEK_END
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Size of the one buffer that a file passes through: 4800 lines of a CHGCAR. Fewer make
#: the calls felt, more no longer fit a processor's second cache (both measured).
BUFFER_BYTES: Final = 4800 * 91

#: Longest line that is looked at; VASP's longest (a moments line) has about 100 characters.
MAX_LINE_BYTES: Final = 1 << 14

#: More text than this for one byte of the file no compressor makes, so it can't be true.
MAX_EXPANSION: Final = {"": 1.0, ".gz": 1_100.0, ".xz": 8_000.0}

#: Text as numbers from 0 to 255.
ByteArray: TypeAlias = npt.NDArray[np.uint8]


class VolumetricError(InputError):
    """A grid file that can't be trusted: what is wrong, in which file, at which line and byte."""


class Place(NamedTuple):
    """Where in a (decompressed) file: line from 1, byte from 0."""

    line: int
    byte: int


class _Raw(Protocol):
    def readinto(self, buffer: memoryview, /) -> int | None: ...

    def seek(self, offset: int, whence: int = ..., /) -> int: ...

    def close(self) -> None: ...


class Source:
    """Bytes of one file, in order, with their place.

    Nothing but the buffer is held. A plain file is read and not mapped into memory: that
    costs one copy, counts no page of the file as our memory, and a file that shrinks while
    it is read ends early instead of killing the process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._line = 1
        self._buffer = np.empty(BUFFER_BYTES, dtype=np.uint8)
        self._start = self._end = 0
        self._consumed = 0
        self._kind = path.suffix if path.suffix in MAX_EXPANSION else ""
        try:
            self.file_bytes = path.stat().st_size
            self._raw = _open(path, self._kind)
        except OSError as error:
            raise VolumetricError(f"{path} can't be read: {error.strerror or error}") from error

    @property
    def place(self) -> Place:
        """Place of the next byte."""
        return Place(self._line, self._consumed)

    @property
    def is_compressed(self) -> bool:
        """True for .gz and .xz."""
        return bool(self._kind)

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def error(self, what: str, place: Place | None = None) -> VolumetricError:
        """Return an error that names this file and a place, the present one if none is given."""
        line, byte = place or self.place
        return VolumetricError(f"{self.path}, line {line} (byte {byte}): {what}")

    def check_promise(self, n_bytes: int, what: str) -> None:
        """Refuse text that the rest of the file can't hold, before memory is asked for it.

        Raises
        ------
        VolumetricError
            If ``n_bytes`` more bytes can't come out of a file of this size.
        """
        room = self.file_bytes * MAX_EXPANSION[self._kind] - self._consumed
        if n_bytes > room:
            raise self.error(
                f"the file is truncated: {what} needs {n_bytes} more bytes, and there are "
                f"{'at most ' if self._kind else ''}{max(0, int(room))}"
            )

    def peek(self, n_bytes: int) -> ByteArray:
        """Return up to ``n_bytes`` next bytes, less only at the end, without moving on.

        The array is a view of the buffer and holds until the next call.
        """
        n_bytes = min(n_bytes, BUFFER_BYTES)
        if self._end - self._start < n_bytes:
            rest = self._end - self._start
            self._buffer[:rest] = self._buffer[self._start : self._end].copy()
            self._start, self._end = 0, rest
            while self._end < n_bytes and self._fill():
                pass
        return self._buffer[self._start : min(self._end, self._start + n_bytes)]

    def advance(self, n_bytes: int, n_lines: int) -> None:
        """Move past bytes that ``peek`` showed."""
        self._start += n_bytes
        self._consumed += n_bytes
        self._line += n_lines

    def read_line(self) -> bytes | None:
        """Return the next line without its line break, or None at the end of the file.

        Raises
        ------
        VolumetricError
            If the line is longer than any line of such a file, or the file ends within it.
        """
        text = self.peek(256).tobytes()
        length = text.find(b"\n")
        if length < 0:
            text = self.peek(MAX_LINE_BYTES).tobytes()
            length = text.find(b"\n")
        if length < 0 and len(text) >= MAX_LINE_BYTES:
            raise self.error(f"a line has more than {MAX_LINE_BYTES} bytes")
        if length < 0:
            if text:
                raise self.error(
                    f"the file is truncated: its last line {text[:60]!r} has no line break"
                )
            return None
        self.advance(length + 1, 1)
        return text[:length]

    def skip(self, n_bytes: int, n_lines: int) -> None:
        """Move past bytes that are not wanted; of a plain file they are not even read.

        Raises
        ------
        VolumetricError
            If the file ends before.
        """
        if not self.is_compressed:
            self.check_promise(n_bytes, "a grid that the file begins")
            in_buffer = min(n_bytes, self._end - self._start)
            self._raw.seek(n_bytes - in_buffer, SEEK_CUR)
            self._start += in_buffer
            self._consumed += n_bytes
        else:
            left = n_bytes
            while left:
                seen = self.peek(left).size
                if not seen:
                    raise self.error(f"the file is truncated: {left} bytes of a grid are missing")
                self.advance(seen, 0)
                left -= seen
        self._line += n_lines

    def finish(self, most: int) -> None:
        """Go to the end of the file, so that a half-written one is found out.

        A plain file has only its last byte looked at. A compressed one is decompressed to
        its end, where its checksum is, but no further than ``most`` bytes.

        Raises
        ------
        VolumetricError
            If the last line has no line break, the checksum fails, or there is more text
            than ``most``.
        """
        if not self.is_compressed:
            byte = bytearray(1)
            self._raw.seek(-1, SEEK_END)
            self._raw.readinto(memoryview(byte))
            if byte != b"\n":
                raise self.error("the file is truncated: its last line has no line break")
            return
        end = self._consumed + most
        last = b"\n"
        while seen := self.peek(BUFFER_BYTES).size:
            last = self.peek(seen)[-1:].tobytes()
            self.advance(seen, 0)
            if self._consumed > end:
                raise self.error("there is more text than the file's header promises")
        if last != b"\n":
            raise self.error("the file is truncated: its last line has no line break")

    def _fill(self) -> bool:
        view = self._buffer[self._end :].data
        try:
            count = self._raw.readinto(view)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise self.error(f"the compressed data are corrupt or truncated: {error}") from error
        self._end += count or 0
        return bool(count)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a grid file for reading.

    Raises
    ------
    VolumetricError
        If there is none, or it can't be read.
    """
    source = Source(path)
    try:
        yield source
    finally:
        source.close()


def _open(path: Path, kind: str) -> _Raw:
    if kind == ".gz":
        return gzip.open(path, "rb")
    if kind == ".xz":
        return lzma.open(path, "rb")
    return path.open("rb", buffering=0)
