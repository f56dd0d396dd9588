"""vaspout.h5 as a file: datasets by their path, checked for kind and shape.

Only what is asked for is read. Links that lead out of the file are refused, and so is a dataset
that unpacks to far more than the file holds.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from math import prod
from typing import IO, TYPE_CHECKING, Any, Final, Self, TypeAlias

import numpy as np

from llo_dft.engines.vasp.files.byte_stream import FREE_BYTES, MAX_EXPANSION, unpacked
from llo_dft.engines.vasp.files.file_errors import Fault, VaspFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import EllipsisType

    from llo_dft.typing import FloatArray

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_STOPPED: Final = "VASP was stopped while writing, or is still running"

#: What any HDF5 file has at least.
_SUPERBLOCK_BYTES: Final = 96

#: What h5py raises where a file is damaged.
_H5_ERRORS: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError, EOFError)

#: What HDF5 says of a file that was not written to its end.
_CUT: Final = ("truncated", "eof", "addr overflow", "end of file", "bad object header", "ended bef")

#: A shape; None for any length of that axis.
Shape: TypeAlias = "Sequence[int | None]"

#: What of a dataset to read, in h5py's terms.
Part: TypeAlias = "int | slice | tuple[int | slice, ...] | EllipsisType"


class H5File:
    """An HDF5 file, plain or compressed as a whole.

    Every method raises ``VaspFileError`` with the path of the dataset; ``absent`` means that it
    is not there, ``truncated`` that HDF5 finds less file than it should, ``corrupt`` the rest.
    """

    def __init__(self, path: Path) -> None:
        try:
            import h5py  # noqa: PLC0415 (an optional package, and half a second)
        except ImportError as error:
            what = "reading vaspout.h5 needs h5py; install it with pip install 'llo-dft[hdf5]'"
            raise VaspFileError(path, "unreadable", what) from error
        self.path = path
        self._h5py = h5py
        try:
            packed = path.open("rb")
        except OSError as error:
            raise VaspFileError(path, "unreadable", error.strerror or str(error)) from error
        with self._named("the file"):
            self._plain = _plain(path, packed)
        try:
            with self._named("the file"):
                self._n_bytes = self._plain.seek(0, 2)
                self._plain.seek(0)
                head = self._plain.read(len(_SIGNATURE))
                if head != _SIGNATURE[: len(head)]:
                    what = "it does not begin as an HDF5 file does"
                    raise self.error("unreadable", what, "the file")
                if self._n_bytes < _SUPERBLOCK_BYTES:
                    raise self.error("truncated", f"it ends too early; {_STOPPED}", "the file")
                self._file = h5py.File(self._plain, "r")
        except VaspFileError:
            self._plain.close()
            raise

    @contextmanager
    def _named(self, place: str) -> Iterator[None]:
        """Name whatever h5py raises together with its place."""
        try:
            yield
        except VaspFileError:
            raise
        except _H5_ERRORS as error:
            text = " ".join(str(error).split())
            if any(word in text.lower() for word in _CUT):
                raise self.error("truncated", f"{_STOPPED} ({text})", place) from error
            raise self.error("corrupt", text, place) from error

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        try:
            self._file.close()
        except _H5_ERRORS:  # nothing was written; what is damaged has been named by then
            return
        finally:
            self._plain.close()

    def error(self, fault: Fault, what: str, place: str) -> VaspFileError:
        """Return an error that names a dataset."""
        return VaspFileError(self.path, fault, what, place)

    def has(self, name: str) -> bool:
        """Tell whether there is a dataset of that name."""
        return self._find(name) is not None

    def group_names(self, name: str) -> list[str]:
        """Return the names in a group; empty if there is no such group."""
        found = self._find(name)
        with self._named(name):
            return [] if found is None else [str(key) for key in found]

    def _find(self, name: str) -> Any:  # noqa: ANN401 (h5py's objects)
        """Return a dataset or group, by links within the file only; None if there is none."""
        here = self._file
        with self._named(name):
            for part in name.split("/"):
                if part not in here:
                    return None
                if not isinstance(here.get(part, getlink=True), self._h5py.HardLink):
                    raise self.error("refused", "a link that leads elsewhere", name)
                here = here[part]
        return here

    def _dataset(self, name: str, shape: Shape | None, kinds: str, what: str = "") -> Any:  # noqa: ANN401
        """Return a dataset of that shape and kind: f, i and u numbers, S text."""
        found = self._find(name)
        if found is None:
            raise self.error("absent", what or "there is no such dataset", name)
        with self._named(name):
            if not isinstance(found, self._h5py.Dataset):
                raise self.error("corrupt", "not a dataset", name)
            if found.is_virtual or found.external:
                raise self.error("refused", "its numbers are in another file", name)
            n_bytes = prod(found.shape) * found.dtype.itemsize
            if n_bytes > FREE_BYTES + MAX_EXPANSION * self._n_bytes:
                text = f"it says that it has {n_bytes} bytes, in a file of {self._n_bytes}"
                raise self.error("refused", text, name)
            if shape is not None and not _fits(found.shape, shape):
                expected = tuple("any" if n is None else n for n in shape)
                text = f"of shape {found.shape}, and {expected} was expected"
                raise self.error("corrupt", text, name)
            if kinds and self._kind(found) not in kinds:
                text = f"{found.dtype}, not {_KINDS[kinds]}"
                raise self.error("corrupt", text, name)
        return found

    def _kind(self, dataset: Any) -> str:  # noqa: ANN401 (h5py's objects)
        if self._h5py.check_string_dtype(dataset.dtype) is not None:
            return "S"
        return str(dataset.dtype.kind)

    def floats(self, name: str, shape: Shape, *, part: Part = ..., what: str = "") -> FloatArray:
        """Read numbers, or a part of them.

        Parameters
        ----------
        name
            Path of the dataset.
        shape
            What its shape must be; None for any length.
        part
            What of it to read, as h5py takes it; all by default.
        what
            What to say if it is not there.
        """
        dataset = self._dataset(name, shape, "fiu", what)
        with self._named(name):
            values = np.asarray(dataset[part], dtype=np.float64)
        if not np.isfinite(values).all():
            raise self.error("not_a_number", "NaN or infinity", name)
        return values

    def integers(self, name: str, shape: Shape) -> list[int]:
        """Read whole numbers, flat."""
        dataset = self._dataset(name, shape, "iu")
        with self._named(name):
            return [int(value) for value in np.asarray(dataset[...]).reshape(-1)]

    def texts(self, name: str, shape: Shape) -> list[str]:
        """Read texts, flat, as they are."""
        dataset = self._dataset(name, shape, "S")
        with self._named(name):
            found = np.asarray(dataset[...]).reshape(-1).tolist()
            return [one.decode() if isinstance(one, bytes) else str(one) for one in found]

    def number(self, name: str) -> float:
        """Read one number."""
        return float(self.floats(name, self._scalar(name)).reshape(()))

    def integer(self, name: str) -> int:
        """Read one whole number."""
        return self.integers(name, self._scalar(name))[0]

    def text(self, name: str) -> str:
        """Read one text."""
        return self.texts(name, self._scalar(name))[0]

    def _scalar(self, name: str) -> Shape:
        """Shape of a single number: VASP writes (), some programs (1,)."""
        return (1,) if self.shape(name) == (1,) else ()

    def kind(self, name: str) -> str:
        """Tell what a dataset holds: 'f' numbers, 'i' whole numbers, 'S' text, '' anything else."""
        kind = self._kind(self._dataset(name, None, "")).replace("u", "i")
        return kind if kind in "fiS" else ""

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a dataset."""
        return tuple(self._dataset(name, None, "").shape)


_KINDS: Final = {"fiu": "numbers", "iu": "whole numbers", "S": "text"}


def _fits(got: tuple[int, ...], wanted: Shape) -> bool:
    return len(got) == len(wanted) and all(n in {None, m} for n, m in zip(wanted, got, strict=True))


def _plain(path: Path, file: IO[bytes]) -> IO[bytes]:
    """Return the file, or its content unpacked into a file that goes when it is closed."""
    try:
        source = unpacked(path, file)
        if source is file:
            return file
        plain = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
        while data := source.read(1 << 20):
            plain.write(data)
    except BaseException:
        file.close()
        raise
    file.close()
    return plain
