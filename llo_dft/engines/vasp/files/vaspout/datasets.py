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

    from llo_dft.engines.vasp.files.vasprun.elements import Value
    from llo_dft.typing import FloatArray

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_STOPPED: Final = "VASP was stopped while writing, or is still running"

#: Beyond this a number is damage: none in eV, angstrom or electrons comes near.
_LARGEST: Final = 1e12

#: What any HDF5 file has at least.
_SUPERBLOCK_BYTES: Final = 96

#: What h5py raises where a file is damaged.
_H5_ERRORS: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError, EOFError)

#: What HDF5 says of a file that was not written to its end.
_CUT: Final = ("truncated", "eof", "addr overflow", "end of file", "bad object header", "ended bef")

#: A shape; None for any length of that axis.
Shape: TypeAlias = "Sequence[int | None]"

#: What of a dataset to read, in h5py's terms.
Selection: TypeAlias = "int | slice | tuple[int | slice, ...] | EllipsisType"


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

    def _dataset(self, name: str, what: str = "") -> Any:  # noqa: ANN401 (h5py's objects)
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
        return found

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a dataset."""
        return tuple(self._dataset(name).shape)

    def floats(
        self, name: str, shape: Shape, *, part: Selection = ..., what: str = ""
    ) -> FloatArray:
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
        dataset = self._dataset(name, what)
        got = tuple(dataset.shape)
        if len(got) != len(shape) or any(
            n not in {None, m} for n, m in zip(shape, got, strict=True)
        ):
            expected = tuple("any" if n is None else n for n in shape)
            raise self.error("corrupt", f"of shape {got}, and {expected} was expected", name)
        with self._named(name):
            if dataset.dtype.kind not in "fiu":
                raise self.error("corrupt", f"{dataset.dtype}, not numbers", name)
            kind, known = dataset.id.get_type(), self._h5py.h5t
            if dataset.dtype.kind == "f" and not any(
                kind.equal(float_type) for float_type in (known.IEEE_F64LE, known.IEEE_F64BE)
            ):  # HDF5 would convert a damaged description of a double without a word
                raise self.error("corrupt", "numbers that are no doubles", name)
            values = np.asarray(dataset[part], dtype=np.float64)
        if not np.isfinite(values).all():
            raise self.error("not_a_number", "NaN or infinity", name)
        if values.size and np.abs(values).max() > _LARGEST:
            raise self.error("corrupt", f"a number beyond {_LARGEST:g}", name)
        return values

    def value(self, name: str) -> Value:
        """Read a number or a text, or a flat list of them; a list of one is that one.

        VASP writes single values without an axis, some programs with one of length 1.
        """
        dataset = self._dataset(name)
        with self._named(name):
            found = np.asarray(dataset[...]).reshape(-1).tolist()
            values = [one.decode() if isinstance(one, bytes) else one for one in found]
        if not all(isinstance(one, str | int | float) for one in values):
            raise self.error("corrupt", f"{dataset.dtype}, neither number nor text", name)
        return values[0] if len(values) == 1 else values

    def texts(self, name: str) -> list[str]:
        """Read texts, flat, without the blanks around them."""
        found = self.value(name)
        values = found if isinstance(found, list) else [found]
        return [str(one).strip() for one in values]

    def integers(self, name: str, count: int) -> list[int]:
        """Read so many whole numbers, flat."""
        found = self.value(name)
        values = found if isinstance(found, list) else [found]
        if len(values) != count or not all(isinstance(one, int) for one in values):
            raise self.error("corrupt", f"not {count} whole numbers", name)
        return [int(one) for one in values]

    def number(self, name: str) -> float:
        """Read one number."""
        return float(self.floats(name, (1,) if self.shape(name) == (1,) else ()).reshape(()))

    def integer(self, name: str) -> int:
        """Read one whole number."""
        return self.integers(name, 1)[0]

    def text(self, name: str) -> str:
        """Read one text."""
        return str(self.value(name))


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
