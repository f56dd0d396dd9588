"""One pass over a file, plain or compressed, holding no more of it than is asked for."""

import bz2
import gzip
import lzma
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Final, Protocol

import numpy as np
import numpy.typing as npt

from llo_dft.engines.vasp.files.file_errors import Fault, VaspFileError

#: Bytes read at a time while looking for a tag.
CHUNK: Final = 1 << 16

#: Most bytes of a part of the file that is read as a whole (all but the big arrays).
MAX_PART_BYTES: Final = 1 << 26

#: Longest line that is read as one.
MAX_LINE_BYTES: Final = 1 << 20

#: Most text that a compressed file may hold: a multiple of its size, on top of a free amount.
#: Text of VASP shrinks 10 to 40 times; a bomb a thousand times or more.
MAX_EXPANSION: Final = 200
FREE_BYTES: Final = 1 << 26

#: Where a step begins, which no array reaches into.
_STEP: Final = b"<calculation>"

#: Longest tag that is looked for: so much of a chunk's end is looked at again with the next.
_LONGEST_TAG: Final = 256

_GZIP, _BZIP2, _XZ, _LZMA, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"]\x00\x00", b"(\xb5/\xfd"
_MAGIC_BYTES: Final = 40

#: How files begin that are not opened here, and what to do with them.
_OTHER_KINDS: Final = {
    b"PK\x03\x04": "a zip archive: unpack it",
    b"7z\xbc\xaf'\x1c": "a 7z archive: unpack it",
    b"\x1f\x9d": "compressed by compress (.Z): unpack it",
    b'\x04"M\x18': "compressed by lz4: unpack it",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself: git lfs pull gets it",
}

#: What is raised while unpacking. zstandard's error is one by its name only.
_UNPACKING: Final = (zlib.error, lzma.LZMAError, OSError)

_STOPPED: Final = "the file ends here: VASP was stopped while writing, or is still running"


class Readable(Protocol):
    """Whatever gives bytes."""

    def read(self, n: int, /) -> bytes:
        """Return up to n bytes, b"" at the end."""


def unpacked(path: Path, file: IO[bytes]) -> Readable:
    """Return what gives the content of an open file, itself if it is not compressed.

    What it is compressed with is seen from its start.

    Raises ``VaspFileError`` if it is compressed by zstd and the package zstandard is not installed,
    or packed in another way.
    """
    magic = file.read(_MAGIC_BYTES)
    file.seek(0)
    for start, what in _OTHER_KINDS.items():
        if magic.startswith(start):
            raise VaspFileError(path, "unreadable", what)
    if magic.startswith(_GZIP):
        return gzip.GzipFile(fileobj=file)
    if magic.startswith(_BZIP2):
        return bz2.BZ2File(file)
    if magic.startswith((_XZ, _LZMA)):
        return lzma.LZMAFile(file)
    if not magic.startswith(_ZSTD):
        return file
    try:
        import zstandard  # noqa: PLC0415 (an optional package)
    except ImportError as error:
        what = "compressed by zstd: unpack it, or install zstandard (pip install 'llo-dft[zstd]')"
        raise VaspFileError(path, "unreadable", what) from error
    return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)


class _UnixLines:
    """The content of a file with Windows line ends, without the carriage returns."""

    def __init__(self, source: Readable) -> None:
        self._source = source

    def read(self, n: int, /) -> bytes:
        data = self._source.read(n)
        while data.endswith(b"\r") and (more := self._source.read(1)):
            data += more
        return data.replace(b"\r\n", b"\n")


class ByteStream(AbstractContextManager["ByteStream"]):
    """Reads forward, by tag, by line or by number of bytes. A plain file is skipped by seeking.

    Every method that would read past the end raises ``VaspFileError`` (truncated). Windows line
    ends are read as if they were Unix ones, and a byte order mark is passed over.

    ``line`` is the number of lines that ``read_line`` has given; callers that take lines otherwise
    add them.
    """

    def __init__(self, path: Path, *, max_expansion: int | None = MAX_EXPANSION) -> None:
        self.path = path
        self.line = 0
        self._max_expansion = max_expansion
        self._window = b""
        self._cursor = 0
        self._start = 0  # place of the window's first byte in the text
        try:
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise VaspFileError(path, "unreadable", error.strerror or str(error)) from error
        try:
            self.file_bytes = self._file.seek(0, 2)
            self._file.seek(0)
            self._source = unpacked(path, self._file)
            self.compressed = self._source is not self._file
            self._seekable = not self.compressed
            if self.peek(len(BOM_UTF8)) == BOM_UTF8:  # as some editors begin a file
                self._window, self._seekable = self._window[len(BOM_UTF8) :], False
            if b"\r\n" in self.peek(CHUNK):
                self._window = self._window.removesuffix(b"\r").replace(b"\r\n", b"\n")
                self._source = _UnixLines(self._source)
                self._seekable = False
        except BaseException:
            self._file.close()
            raise

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    @property
    def offset(self) -> int:
        """Place in the text of the next byte."""
        return self._start + self._cursor

    def error(
        self, fault: Fault, what: str, section: str, offset: int | None = None
    ) -> VaspFileError:
        """Return an error that names a place."""
        at = self.offset if offset is None else offset
        return VaspFileError(self.path, fault, what, f"byte {at} (in {section})")

    def truncated(self, section: str) -> VaspFileError:
        """Return the error that the file ends too early."""
        return self.error("truncated", _STOPPED, section, self._start + len(self._window))

    def _read(self, n: int) -> bytes:
        try:
            data = self._source.read(n)
        except EOFError as error:
            message = "the compressed file ends here: it was not copied or compressed completely"
            raise self.error("truncated", message, "compression") from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                what = error.strerror or str(error)
                raise VaspFileError(self.path, "unreadable", what) from error
            if not isinstance(error, _UNPACKING) and type(error).__name__ != "ZstdError":
                raise
            raise self.error("corrupt", f"can't be decompressed: {error}", "compression") from error
        text = self._start + len(self._window)
        if (
            self.compressed
            and self._max_expansion is not None
            and text > FREE_BYTES + self._max_expansion * self._file.tell()
        ):
            what = f"it decompresses to more than {self._max_expansion} times its size, as no VASP "
            what += "file does; decompress it yourself if you trust it"
            raise self.error("refused", what, "compression")
        return data

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

    def take_into(self, out: npt.NDArray[np.uint8], section: str) -> None:
        """Fill an array of bytes, shape (n,), without a copy in between."""
        held = min(len(out), len(self._window) - self._cursor)
        out[:held] = np.frombuffer(self._window, np.uint8, held, self._cursor)
        self._cursor += held
        if held == len(out):
            return
        self._drop_window()
        rest = out[held:].data
        while rest:
            if self._seekable:
                n_read = int(self._file.readinto(rest))  # type: ignore[attr-defined]
            else:
                data = self._read(len(rest))
                n_read = len(data)
                rest[:n_read] = data
            if not n_read:
                raise self.truncated(section)
            self._start += n_read
            rest = rest[n_read:]

    def _drop_window(self) -> None:
        self._start += len(self._window)
        self._window, self._cursor = b"", 0

    def skip(self, n: int, section: str) -> None:
        """Go n bytes on; past the end of a plain file is noticed at the next read."""
        held = len(self._window) - self._cursor
        if n <= held:
            self._cursor += n
            return
        self._drop_window()
        left = n - held
        if self._seekable:
            self._file.seek(left, 1)
            self._start += left
            return
        while left:
            data = self._read(min(left, 1 << 20))
            if not data:
                raise self.truncated(section)
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
            longest = max(len(needle), len(_STEP))
            self._cursor = max(self._cursor, len(self._window) - longest + 1)
            if not self._grow(1 << 20):
                raise self.truncated(section)

    def take_to(self, pattern: re.Pattern[bytes], section: str) -> tuple[bytes, re.Match[bytes]]:
        """Return the text before the next match, and the match; stay after it.

        Raises ``VaspFileError``: truncated: the file ends before a match. corrupt: it is further
        than ``MAX_PART_BYTES``, more than any such part has.
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
                raise self.truncated(section)
            looked_at = max(0, held - _LONGEST_TAG)

    def read_line(self, section: str) -> bytes | None:
        """Return the next line without its end, or None at the end of the file.

        Raises ``VaspFileError``: truncated: the last line has no end, so nothing says whether it is
        whole.
        """
        looked_at = 0
        while (end := self._window.find(b"\n", self._cursor + looked_at)) < 0:
            looked_at = len(self._window) - self._cursor
            if looked_at > MAX_LINE_BYTES:
                raise self.error("corrupt", "a line without an end", section)
            if not self._grow(max(CHUNK, looked_at)):
                if looked_at:
                    raise self.truncated(section)
                return None
        data = self._window[self._cursor : end]
        self._cursor = end + 1
        self.line += 1
        return data

    def lines(self, section: str) -> Iterator[bytes]:
        """Give each line that is left; a last one without its end is not given."""
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

    def skip_to_end(self, least: int, section: str) -> None:
        """Go to the end, which must be at least so many bytes away and the end of a line.

        Of a plain file only the last byte is read; a compressed one is unpacked to its end,
        where its checksum is.
        """
        end = self.offset + least
        last = self._window[-1:]
        self._drop_window()
        if self._seekable and self.file_bytes > self._start:
            self._file.seek(-1, 2)
            self._start = self.file_bytes - 1
        while data := self._read(1 << 20):
            self._start += len(data)
            last = data[-1:]
        if self._start < end or last != b"\n":
            raise self.truncated(section)
