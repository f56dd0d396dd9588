"""Where the stand-in is installed, and what it says."""

from __future__ import annotations

import os

import pytest

from llo_dft.testing import standin


def test_it_is_found_first_and_says_what_it_is_told(tmp_path, monkeypatch):
    installed = standin.install(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")
    installed.use(monkeypatch)
    assert os.environ["PATH"] == f"{tmp_path}/standin/bin:/usr/bin"
    assert os.access(installed.command, os.X_OK)
    assert installed.starts() == []


def test_a_run_that_ends_otherwise_than_expected_is_an_error(tmp_path):
    installed = standin.install(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssertionError, match="INCAR"):
        installed.run(tmp_path / "empty")
