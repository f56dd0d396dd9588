"""Certificates are for their owner and for one run."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from llo_dft.submit.dask.certificates import certificates

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_read_them_and_they_go_with_the_run(tmp_path: Path) -> None:
    before = os.umask(0)  # the most generous one
    try:
        with certificates(tmp_path) as made:
            folder = made.files[0].parent
            assert mode(folder) == 0o700
            assert [mode(file) for file in made.files] == [0o600] * 3
            assert "PRIVATE KEY" in made.files[2].read_text()
            # the driver's own ones stay in memory
            assert made.security.tls_scheduler_key == made.files[2].read_text()
            assert made.security.require_encryption
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == []


def fail_with_certificates(folder: Path) -> None:
    with certificates(folder):
        assert not (folder / "tls-left").exists()
        raise RuntimeError("the run failed")


def test_they_go_after_an_error_too_and_those_of_a_killed_run(tmp_path: Path) -> None:
    (tmp_path / "tls-left").mkdir()
    (tmp_path / "tls-left" / "key.pem").write_text("secret")
    (tmp_path / "12.log").write_text("stays")
    with pytest.raises(RuntimeError, match="the run failed"):
        fail_with_certificates(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["12.log"]


def test_every_run_has_its_own(tmp_path: Path) -> None:
    with certificates(tmp_path) as one:
        first = one.files[2].read_text()
    with certificates(tmp_path) as two:
        assert two.files[2].read_text() != first
