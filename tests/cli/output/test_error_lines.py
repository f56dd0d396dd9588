"""Errors in a line and exit status 2."""

from __future__ import annotations

import errno
import os

import pytest
import typer

from llo_dft.cli.output.error_lines import bad_input_in_one_line
from llo_dft.errors import InputError


def test_bad_input_is_a_line_each_and_status_2(capsys) -> None:
    with pytest.raises(typer.Exit) as leaving, bad_input_in_one_line():
        raise InputError("first\nsecond")
    assert leaving.value.exit_code == 2
    assert capsys.readouterr().err == "llo-dft: first\nllo-dft: second\n"


def test_a_refusal_of_the_file_system_is_bad_input_and_a_fault_is_not(capsys) -> None:
    for refused, words in (
        (errno.EACCES, "Permission denied; choose a place of your own"),
        (errno.ENOTDIR, "Not a directory; a file is where a folder is needed"),
        (errno.ENOSPC, "No space left on device; free some space and start again"),
    ):
        with pytest.raises(typer.Exit) as leaving, bad_input_in_one_line():
            raise OSError(refused, os.strerror(refused), "out/file")
        assert leaving.value.exit_code == 2
        assert capsys.readouterr().err == f"llo-dft: out/file: {words}\n"
    with pytest.raises(OSError, match="broken pipe"), bad_input_in_one_line():
        raise OSError(errno.EPIPE, "broken pipe")
