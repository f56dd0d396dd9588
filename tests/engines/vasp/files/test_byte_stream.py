from __future__ import annotations

import bz2
import gzip
import lzma
import re

import numpy as np
import pytest

from llo_dft.engines.vasp.files import byte_stream
from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.grids.read_grids import read_grid_header
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.vaspout.read_vaspout import read_vaspout
from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun

TEXT = b"".join(b"line %d of a file\n" % n for n in range(20_000))


def zstd(data: bytes) -> bytes:
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)


def alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


PACKED = [bytes, gzip.compress, bz2.compress, lzma.compress, alone, zstd]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("pack", PACKED)
def test_a_file_is_the_same_however_it_is_packed(tmp_path, pack, ending, mark):
    path = tmp_path / "any.name"
    path.write_bytes(pack(mark + TEXT.replace(b"\n", ending)))
    with ByteStream(path) as stream:
        assert stream.read_line("x") == b"line 0 of a file"
        assert stream.take_to(re.compile(rb"line 7 "), "x")[0].count(b"\n") == 6
        place = TEXT.index(b"line 12345 ")
        stream.skip(place - stream.offset, "x")
        assert stream.peek(11) == b"line 12345 "
        part = np.empty(100_000, np.uint8)
        stream.take_into(part, "x")
        assert part.tobytes() == TEXT[place : place + 100_000]
        stream.skip_past(b"line 19999", "x")
        assert stream.rest("x") == b" of a file\n"
    with ByteStream(path) as stream:
        assert list(stream.lines("x")) == TEXT.splitlines()
    with ByteStream(path) as stream:
        stream.skip_to_end(len(TEXT), "x")
    with ByteStream(path) as stream, pytest.raises(VaspFileError, match="truncated"):
        stream.skip_to_end(len(TEXT) * 9, "x")


@pytest.mark.parametrize("pack", PACKED)
def test_a_file_that_ends_too_early_is_truncated(tmp_path, pack):
    path = tmp_path / "x"
    packed = pack(TEXT)
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(VaspFileError, match=r"truncated at byte \d+"), ByteStream(path) as stream:
        stream.skip_past(b"line 19999", "x")


@pytest.mark.parametrize("pack", PACKED[1:5])
def test_a_damaged_archive_is_named(tmp_path, pack):
    path = tmp_path / "x"
    packed = bytearray(pack(TEXT))
    packed[len(packed) // 2] ^= 255
    path.write_bytes(packed)
    with (
        pytest.raises(VaspFileError, match=r"corrupt at .*compression|truncated"),
        ByteStream(path) as stream,
    ):
        stream.skip_to_end(len(TEXT), "x")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_bomb_is_refused_unless_its_size_is_known_elsewhere(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(byte_stream, "FREE_BYTES", 1 << 20)
    path = tmp_path / "x"
    path.write_bytes(pack(bytes(1 << 24)))
    with ByteStream(path) as stream, pytest.raises(VaspFileError, match=r"refused.*200 times"):
        stream.skip_past(b"line", "x")


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04\x14", "a zip archive: unpack it"),
        (b"7z\xbc\xaf'\x1c\x00", "a 7z archive: unpack it"),
        (b"\x1f\x9d\x90", r"compressed by compress \(.Z\): unpack it"),
        (b'\x04"M\x18d', "compressed by lz4: unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS, not the f"),
    ],
)
@pytest.mark.parametrize("read", [read_vasprun, read_outcar, read_grid_header, read_vaspout])
def test_a_file_of_another_kind_is_called_by_its_name(tmp_path, start, what, read):
    path = tmp_path / "vasprun.xml"
    path.write_bytes(start + bytes(500))
    with pytest.raises(VaspFileError, match=f"unreadable: {what}"):
        read(path)


def test_without_zstandard_it_says_what_to_do(tmp_path, monkeypatch):
    path = tmp_path / "vasprun.xml.zst"
    path.write_bytes(zstd(TEXT))
    monkeypatch.setitem(__import__("sys").modules, "zstandard", None)
    with pytest.raises(VaspFileError, match=r"unreadable: compressed by zstd: unpack it, or inst"):
        ByteStream(path)


def test_what_is_looked_for_must_come_before_the_next_step(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"<dos>" + TEXT + b"<calculation></dos>")
    with (
        ByteStream(path) as stream,
        pytest.raises(VaspFileError, match=r"corrupt.*no </dos> before the next step"),
    ):
        stream.skip_past(b"</dos>", "x")
