"""vaspout.h5 as a file: datasets by their path, checked for kind and shape.

Only what is requested is read. Links that lead out of the file are refused, and so is a dataset
that unpacks to far more than the file's size.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from math import prod
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import numpy as np

from llo_dft.engines.vasp.files.byte_stream import FREE_BYTES, MAX_EXPANSION, unpacked
from llo_dft.engines.vasp.files.file_errors import Fault, VaspFileError
from llo_dft.engines.vasp.files.vasprun.elements import Value
from llo_dft.typing import FloatArray

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_STOPPED: Final = "VASP was stopped while writing, or is still running"

#: A larger number means damage: none in eV, angstrom or electrons comes near it.
_LARGEST: Final = 1e12

#: Smallest size of an HDF5 file.
_SUPERBLOCK_BYTES: Final = 96

#: What h5py raises for a damaged file, and HDF5's words for one that was cut off.
_H5_ERRORS: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError, EOFError)
_CUT: Final = ("truncated", "eof", "addr overflow", "end of file", "bad object header", "ended bef")

#: A shape; None for any length of that axis.
Shape: TypeAlias = "Sequence[int | None]"


class H5File(AbstractContextManager["H5File"]):
    """An HDF5 file, plain or compressed as a whole.

    Every method raises ``VaspFileError`` with the path of the dataset; ``absent`` means that it is
    missing, ``truncated`` that the file is shorter than HDF5 expects, ``corrupt`` anything else.
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
        with ExitStack() as stack, self._named("the file"):
            plain = stack.enter_context(_plain(path, stack.enter_context(packed)))
            self._n_bytes = plain.seek(0, 2)
            plain.seek(0)
            head = plain.read(len(SIGNATURE))
            if head != SIGNATURE[: len(head)]:
                raise self.error("unreadable", "it does not begin like an HDF5 file", "the file")
            if self._n_bytes < _SUPERBLOCK_BYTES:
                raise self.error("truncated", f"it ends too early; {_STOPPED}", "the file")
            self._file = stack.enter_context(h5py.File(plain, "r"))
            self._open = stack.pop_all()

    @contextmanager
    def _named(self, place: str) -> Iterator[None]:
        """Turn h5py's exceptions into errors with the place."""
        try:
            yield
        except VaspFileError:
            raise
        except _H5_ERRORS as error:
            text = " ".join(str(error).split())
            if any(word in text.lower() for word in _CUT):
                raise self.error("truncated", f"{_STOPPED} ({text})", place) from error
            raise self.error("corrupt", text, place) from error

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        with suppress(*_H5_ERRORS):  # nothing was written; damage has been reported by then
            self._open.close()

    def error(self, fault: Fault, what: str, place: str) -> VaspFileError:
        """Return an error that names a dataset."""
        return VaspFileError(self.path, fault, what, place)

    def find(self, name: str) -> Any:  # noqa: ANN401 (h5py's objects)
        """Return a dataset or group, by links within the file; None if there is none."""
        here = self._file
        with self._named(name):
            for part in name.split("/"):
                if part not in here:
                    return None
                if not isinstance(here.get(part, getlink=True), self._h5py.HardLink):
                    raise self.error("refused", "a link that leads elsewhere", name)
                here = here[part]
        return here

    def names(self, group: str) -> list[str]:
        """Return the names in a group; empty if there is no such group."""
        with self._named(group):
            return [str(key) for key in self.find(group) or ()]

    def _dataset(self, name: str) -> Any:  # noqa: ANN401
        found = self.find(name)
        if found is None:
            raise self.error("absent", "there is no such dataset", name)
        with self._named(name):
            if not isinstance(found, self._h5py.Dataset):
                raise self.error("corrupt", "not a dataset", name)
            if found.is_virtual or found.external:
                raise self.error("refused", "its numbers are in another file", name)
            n_bytes = prod(found.shape) * found.dtype.itemsize
        if n_bytes > FREE_BYTES + MAX_EXPANSION * self._n_bytes:
            text = f"it claims {n_bytes} bytes, in a file of {self._n_bytes}"
            raise self.error("refused", text, name)
        return found

    def floats(self, name: str, shape: Shape, part: Any = ...) -> FloatArray:  # noqa: ANN401
        """Read numbers of a shape, None for any length; or a ``part``, indexed as in h5py."""
        dataset = self._dataset(name)
        got = tuple(dataset.shape)
        if len(got) != len(shape) or any(
            n not in {None, m} for n, m in zip(shape, got, strict=True)
        ):
            expected = tuple("any" if n is None else n for n in shape)
            raise self.error("corrupt", f"of shape {got}; expected {expected}", name)
        with self._named(name):
            if dataset.dtype.kind not in "fiu":
                raise self.error("corrupt", f"{dataset.dtype}, not numbers", name)
            kind, known = dataset.id.get_type(), self._h5py.h5t
            # HDF5 would silently convert a damaged description of a double
            if dataset.dtype.kind == "f" and not (
                kind.equal(known.IEEE_F64LE) or kind.equal(known.IEEE_F64BE)
            ):
                raise self.error("corrupt", "numbers that are not doubles", name)
            values = np.asarray(dataset[part], dtype=np.float64)
        if not np.isfinite(values).all():
            raise self.error("not_a_number", "NaN or infinity", name)
        if values.size and np.abs(values).max() > _LARGEST:
            raise self.error("corrupt", f"a number beyond {_LARGEST:g}", name)
        return values

    def number(self, name: str, default: float | None = None) -> float:
        """Read one number; ``default`` where there is none."""
        if default is not None and self.find(name) is None:
            return default
        return float(self.floats(name, (1,) * len(self._dataset(name).shape)).sum())

    def value(self, name: str) -> Value:
        """Read a number or a text, or a flat list of them; a list of one is returned as its item.

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
        """Read texts, flat, without surrounding blanks."""
        found = self.value(name)
        return [str(one).strip() for one in (found if isinstance(found, list) else [found])]

    def integers(self, name: str, count: int = 1) -> list[int]:
        """Read ``count`` integers, flat."""
        found = self.value(name)
        values = found if isinstance(found, list) else [found]
        if len(values) != count or not all(isinstance(one, int) for one in values):
            raise self.error("corrupt", f"not {count} whole numbers", name)
        return [int(one) for one in values]


def _plain(path: Path, file: IO[bytes]) -> IO[bytes]:
    """Return the file, or its content unpacked into a file that is deleted when closed."""
    source = unpacked(path, file)
    if source is file:
        return file
    plain = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
    while data := source.read(1 << 20):
        plain.write(data)
    return plain
