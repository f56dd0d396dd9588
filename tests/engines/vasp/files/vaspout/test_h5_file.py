"""An HDF5 file by its datasets: kinds and shapes as expected, and nothing outside it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vaspout.h5_file import H5File

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "vaspout.h5"
    with h5py.File(file, "w") as made:
        made["group/table"] = np.arange(6.0).reshape(2, 3)
        made["group/name"] = np.bytes_(b"PBE ")
        made["group/number"] = np.int32(7)
        made["group/one"] = np.array([2.5])
        made["group/flags"] = np.array([1, 0], dtype=np.int32)
        made["group/bad"] = np.array([1.0, np.nan])
        made["group/huge"] = np.array([1e300])
        made["elsewhere"] = h5py.ExternalLink("other.h5", "/secret")
        made["soft"] = h5py.SoftLink("/group/table")
    return file


def test_numbers_come_in_the_shape_that_is_expected(path: Path) -> None:
    with H5File(path) as file:
        assert file.floats("group/table", (2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
        assert file.floats("group/table", (None, 3), part=1).tolist() == [3, 4, 5]

        assert file.find("group/table") is not None
        assert file.find("group/missing") is None
        assert set(file.names("group")) >= {"table", "name"}
        assert file.names("no group") == []


def test_a_value_is_the_same_with_and_without_an_axis(path: Path) -> None:
    with H5File(path) as file:
        assert file.value("group/one") == 2.5
        assert file.value("group/number") == 7
        assert file.value("group/name") == "PBE "
        assert file.value("group/flags") == [1, 0]


@pytest.mark.parametrize(
    ("name", "shape", "fault", "message"),
    [
        ("group/missing", (2,), "absent", "there is no such dataset"),
        ("group", (2,), "corrupt", "not a dataset"),
        ("group/table", (3, 2), "corrupt", r"of shape \(2, 3\); expected \(3, 2\)"),
        ("group/table", (6,), "corrupt", r"of shape \(2, 3\)"),
        ("group/name", (), "corrupt", "not numbers"),
        ("group/bad", (2,), "not_a_number", "NaN or infinity"),
        ("group/huge", (1,), "corrupt", r"a number beyond 1e\+12"),
        ("elsewhere", (2,), "refused", "a link that leads elsewhere"),
        ("soft", (2, 3), "refused", "a link that leads elsewhere"),
    ],
)
def test_what_is_not_as_expected_is_named_with_its_dataset(
    path: Path, name: str, shape: tuple[int, ...], fault: str, message: str
) -> None:
    with H5File(path) as file, pytest.raises(VaspFileError, match=message) as caught:
        file.floats(name, shape)
    assert (caught.value.fault, caught.value.place) == (fault, name)


def test_numbers_in_another_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(np.zeros(4).tobytes())
    with h5py.File(tmp_path / "vaspout.h5", "w") as made:
        made.create_dataset("d", (4,), "f8", external=[(str(tmp_path / "raw"), 0, 32)])
    with (
        H5File(tmp_path / "vaspout.h5") as file,
        pytest.raises(VaspFileError, match="its numbers are in another file"),
    ):
        file.floats("d", (4,))


def test_a_dataset_that_unpacks_to_more_than_the_file_could_hold_is_refused(
    tmp_path: Path,
) -> None:
    with h5py.File(tmp_path / "vaspout.h5", "w") as made:
        made.create_dataset("bomb", (1 << 31,), "f8", chunks=(1 << 20,), compression="gzip")
    with (
        H5File(tmp_path / "vaspout.h5") as file,
        pytest.raises(VaspFileError, match=r"it claims 17179869184 bytes, in a file of"),
    ):
        file.floats("bomb", (None,))


def test_a_packed_file_is_the_same(path: Path) -> None:
    packed = path.with_name("vaspout.h5.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with H5File(packed) as file:
        assert file.floats("group/table", (2, 3)).sum() == 15


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"<modeling>" * 20, "unreadable"), (b"\x89HDF\r\n\x1a\n", "truncated"), (b"", "truncated")],
)
def test_what_is_no_hdf5_and_what_ends_too_early(
    tmp_path: Path, content: bytes, fault: str
) -> None:
    (tmp_path / "vaspout.h5").write_bytes(content)
    with pytest.raises(VaspFileError) as caught:
        H5File(tmp_path / "vaspout.h5")
    assert caught.value.fault == fault


def test_a_file_cut_short_is_truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VaspFileError, match="VASP was stopped while writing"):
        H5File(path)
