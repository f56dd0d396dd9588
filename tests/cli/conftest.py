from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from typer.testing import CliRunner

from llo_dft.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


class Command(Protocol):
    def __call__(self, *arguments: object) -> Result: ...


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run llo-dft in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke
