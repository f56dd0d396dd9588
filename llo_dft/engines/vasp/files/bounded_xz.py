"""Unpacking of .xz within a limit of memory, which the standard library's file object lacks."""

from __future__ import annotations

import lzma
from typing import IO, Final

#: Most memory that unpacking may take; `xz -9` asks for 65 MiB, a bomb for up to 4 GiB.
MAX_DICTIONARY_BYTES: Final = 1 << 28


class XzReader:
    """Forward reader of an .xz file, of one or several streams."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = self._new_decoder()

    @staticmethod
    def _new_decoder() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MAX_DICTIONARY_BYTES)

    def read(self, n: int) -> bytes:
        """Return up to n bytes, b"" at the end.

        Raises
        ------
        EOFError
            If the file ends within a stream.
        lzma.LZMAError
            If it is damaged, or asks for more memory than ``MAX_DICTIONARY_BYTES``.
        """
        pending = b""
        while True:
            if self._decoder.eof:
                pending = self._decoder.unused_data or self._file.read(1 << 16)
                pending = pending.lstrip(b"\0")  # padding between streams
                if not pending:
                    return b""
                self._decoder = self._new_decoder()
            elif self._decoder.needs_input:
                pending = self._file.read(1 << 16)
                if not pending:
                    raise EOFError
            data = self._decoder.decompress(pending, n)
            pending = b""
            if data:
                return data
