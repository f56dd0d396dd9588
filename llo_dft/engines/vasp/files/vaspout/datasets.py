"""vaspout.h5 as a file: datasets by their path, checked for kind, shape and sense.

Only what is asked for is read. Soft and external links, external storage and virtual datasets
are refused, since they lead out of the file, and so is a dataset that unpacks to far more than
the file holds. A double with a flipped bit is another double, which nothing in the file gives
away; what the numbers say of one another is checked by those who read them.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import numpy as np

from llo_dft.engines.vasp.files.file_errors import Fault, VaspFileError
from llo_dft.engines.vasp.files.vaspout.signature import SIGNATURE, SUPERBLOCK_BYTES, announced_end
from llo_dft.engines.vasp.files.vasprun.stream import FREE_BYTES, MAX_EXPANSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import EllipsisType, TracebackType

    from llo_dft.typing import FloatArray

_STOPPED: Final = "VASP was stopped while writing, or is still running"

_GZIP: Final = b"\x1f\x8b"

#: Beyond this a number is damage, not physics: none in eV, angstrom or electrons comes near.
_LARGEST: Final = 1e12

#: What h5py raises where a file is damaged.
_H5_ERRORS: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError)

#: Where names may differ in one character and mean two things.
_TAGS: Final = "input/incar/"

#: What HDF5 says of a file that was not written to its end.
_CUT: Final = ("truncated", "eof", "addr overflow", "end of file", "bad object header")

#: A shape; None for any length of that axis.
Shape: TypeAlias = "Sequence[int | None]"

#: What of a dataset to read, in h5py's terms.
Part: TypeAlias = "int | slice | tuple[int | slice, ...] | EllipsisType"


class H5File:
    """An HDF5 file that is read with suspicion.

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
        self._met: dict[str, Any] = {}
        try:
            with path.open("rb") as file:
                head = file.read(SUPERBLOCK_BYTES)
                self._n_bytes = file.seek(0, 2)
        except OSError as error:
            raise VaspFileError(path, "unreadable", error.strerror or str(error)) from error
        if not head.startswith(SIGNATURE):
            raise self._no_hdf5(head)
        end = announced_end(head)
        if end is None or end > self._n_bytes:
            what = f"{self._n_bytes} bytes, and {end or 'more'} are announced; {_STOPPED}"
            raise self.error("truncated", what, "the file")
        try:
            self._file = h5py.File(path, "r")
        except _H5_ERRORS as error:
            raise self._damaged(error, "the file") from error

    def _no_hdf5(self, head: bytes) -> VaspFileError:
        if head.startswith(_GZIP):
            return VaspFileError(self.path, "corrupt", "it is packed with gzip: unpack it first")
        if SIGNATURE.startswith(head):
            return self.error("truncated", "the file ends within its signature", "the file")
        return self.error("corrupt", "it does not begin as an HDF5 file does", "the file")

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
        try:
            self._file.close()
        except _H5_ERRORS:
            # nothing was written; what is damaged has been named by then
            return

    def error(self, fault: Fault, what: str, place: str) -> VaspFileError:
        """Return an error that names a dataset."""
        return VaspFileError(self.path, fault, what, place)

    def _damaged(self, error: Exception, place: str) -> VaspFileError:
        text = " ".join(str(error).split())
        if any(word in text.lower() for word in _CUT):
            return self.error("truncated", f"{_STOPPED} ({text})", place)
        if "lock" in text.lower():
            return self.error("unreadable", f"another program writes to it ({text})", place)
        return self.error("corrupt", text, place)

    def has(self, name: str) -> bool:
        """Tell whether there is a dataset of that name.

        Raises
        ------
        VaspFileError
            If the way to it is damaged, or leads out of the file.
        """
        return self._find(name) is not None

    def group_names(self, name: str) -> list[str]:
        """Return the names in a group; empty if there is no such group."""
        found = self._find(name, group=True)
        try:
            return [] if found is None else [str(key) for key in found]
        except _H5_ERRORS as error:
            raise self._damaged(error, name) from error

    def _find(self, name: str, *, group: bool = False) -> Any:  # noqa: ANN401 (h5py's objects)
        """Return a dataset or group, by hard links only; None if there is none."""
        if name not in self._met:
            self._met[name] = self._walk(name)
        found = self._met[name]
        kind = self._h5py.Group if group else self._h5py.Dataset
        if found is not None and not isinstance(found, kind):
            raise self.error("corrupt", f"not a {'group' if group else 'dataset'}", name)
        return found

    def _walk(self, name: str) -> Any:  # noqa: ANN401 (h5py's objects)
        """Look for a name in the group that should hold it."""
        h5py = self._h5py
        parent, _, last = name.rpartition("/")
        here = self._find(parent, group=True) if parent else self._file
        if here is None:
            return None
        try:
            links = here.id.links
            if not links.exists(last.encode()):
                self._refuse_near_miss(here, name, last)
                return None
            if links.get_info(last.encode()).type != h5py.h5l.TYPE_HARD:
                raise self.error("refused", "a link that leads elsewhere", name)
            return here[last]
        except VaspFileError:
            raise
        except _H5_ERRORS as error:
            raise self._damaged(error, name) from error

    def _refuse_near_miss(self, group: Any, name: str, last: str) -> None:  # noqa: ANN401
        """Refuse a missing name beside one that differs in a single character: it was damaged."""
        if name.startswith(_TAGS):
            return  # LDAUU and LDAUJ are two tags
        for other in group:
            differ = sum(a != b for a, b in zip(last, str(other), strict=False))
            if len(other) == len(last) and differ == 1:
                raise self.error("corrupt", f"{last!r} is missing and {other!r} is there", name)

    def _dataset(self, name: str, what: str) -> Any:  # noqa: ANN401 (h5py's objects)
        found = self._find(name)
        if found is None:
            raise self.error("absent", what or "there is no such dataset", name)
        try:
            refused = found.is_virtual or found.external
            n_bytes = prod(found.shape) * found.dtype.itemsize
        except _H5_ERRORS as error:
            raise self._damaged(error, name) from error
        if refused:
            raise self.error("refused", "its numbers are in another file", name)
        if n_bytes > FREE_BYTES + MAX_EXPANSION * self._n_bytes:
            text = f"it says that it has {n_bytes} bytes, in a file of {self._n_bytes}"
            raise self.error("refused", text, name)
        return found

    def floats(
        self,
        name: str,
        shape: Shape,
        *,
        part: Part = ...,
        what: str = "",
    ) -> FloatArray:
        """Read doubles, or a part of them.

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
        self._check_shape(dataset, name, shape)
        h5t = self._h5py.h5t
        try:
            kind = dataset.id.get_type()
            if not (kind.equal(h5t.IEEE_F64LE) or kind.equal(h5t.IEEE_F64BE)):
                raise self.error("corrupt", f"numbers of kind {dataset.dtype}, not doubles", name)
            values = np.asarray(dataset[part], dtype=np.float64)
        except VaspFileError:
            raise
        except _H5_ERRORS as error:
            raise self._damaged(error, name) from error
        if not np.isfinite(values).all():
            raise self.error("not_a_number", "NaN or infinity", name)
        if values.size and np.abs(values).max() > _LARGEST:
            raise self.error("corrupt", f"a number beyond {_LARGEST:g}", name)
        return values

    def number(self, name: str) -> float:
        """Read one double."""
        return float(self.floats(name, self._scalar(name)).reshape(()))

    def _scalar(self, name: str) -> Shape:
        """Shape of a single number: VASP writes (), some programs (1,)."""
        found = self._find(name)
        return (1,) if found is not None and tuple(found.shape) == (1,) else ()

    def integers(self, name: str, shape: Shape) -> list[int]:
        """Read whole numbers, flat."""
        dataset = self._dataset(name, "")
        self._check_shape(dataset, name, shape)
        try:
            if dataset.dtype.kind not in "iu":
                raise self.error("corrupt", f"{dataset.dtype}, not whole numbers", name)
            return [int(value) for value in np.asarray(dataset[...]).reshape(-1)]
        except VaspFileError:
            raise
        except _H5_ERRORS as error:
            raise self._damaged(error, name) from error

    def integer(self, name: str) -> int:
        """Read one whole number."""
        return self.integers(name, self._scalar(name))[0]

    def texts(self, name: str, shape: Shape) -> list[str]:
        """Read texts, flat, as they are."""
        dataset = self._dataset(name, "")
        self._check_shape(dataset, name, shape)
        try:
            if self._h5py.check_string_dtype(dataset.dtype) is None:
                raise self.error("corrupt", f"{dataset.dtype}, not text", name)
            found = np.asarray(dataset[...]).reshape(-1).tolist()
            return [one.decode() if isinstance(one, bytes) else str(one) for one in found]
        except UnicodeDecodeError as error:
            raise self.error("corrupt", "characters that are no text", name) from error
        except VaspFileError:
            raise
        except _H5_ERRORS as error:
            raise self._damaged(error, name) from error

    def text(self, name: str) -> str:
        """Read one text."""
        return self.texts(name, self._scalar(name))[0]

    def kind(self, name: str) -> str:
        """Tell what a dataset holds: 'f' numbers, 'i' whole numbers, 'S' text, '' anything else."""
        dataset = self._dataset(name, "")
        if self._h5py.check_string_dtype(dataset.dtype) is not None:
            return "S"
        kind = str(dataset.dtype.kind)
        return {"f": "f", "i": "i", "u": "i"}.get(kind, "")

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a dataset."""
        return tuple(self._dataset(name, "").shape)

    def _check_shape(self, dataset: Any, name: str, shape: Shape) -> None:  # noqa: ANN401
        found = tuple(dataset.shape)
        same = len(found) == len(shape) and all(
            wanted in {None, got} for wanted, got in zip(shape, found, strict=True)
        )
        if not same:
            wanted = tuple("any" if n is None else n for n in shape)
            raise self.error("corrupt", f"of shape {found}, and {wanted} was expected", name)
