"""Records are their owner's, whole or not there, and damaged ones are named."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from llo_dft.errors import InputError
from llo_dft.submit.records import Record, read_record, write_private, write_record

if TYPE_CHECKING:
    from pathlib import Path


class Shopping(Record):
    items: list[str]


def test_what_is_written_is_read_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    assert read_record(path, Shopping) is None
    before = os.umask(0)  # the most generous one
    try:
        for items in (["a"], ["a", "b"]):
            write_record(path, Shopping(items=items))
    finally:
        os.umask(before)
    assert read_record(path, Shopping) == Shopping(items=["a", "b"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_left_half_written_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.with_suffix(".partial").write_text('{"ite')
    assert read_record(path, Shopping) is None
    write_record(path, Shopping(items=[]))
    assert read_record(path, Shopping) == Shopping(items=[])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"items": 3}', '{"items": [], "more": 1}'])
def test_a_record_that_does_not_fit_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "list.json").write_text(text)
    with pytest.raises(InputError, match=r"list\.json can't be read \(1 faults\): .*submit"):
        read_record(tmp_path / "list.json", Shopping)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_that_is_there_is_not_written_into(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "theirs"
    target.write_text("theirs")
    path = target if kind == "file" else tmp_path / "link"
    if kind == "link":
        path.symlink_to(target)
    with pytest.raises(FileExistsError, match=path.name):
        write_private(path, "mine")
    assert target.read_text() == "theirs"
