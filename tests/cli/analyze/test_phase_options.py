"""Which source the options name."""

from __future__ import annotations

from pathlib import Path

import pytest

from llo_dft.cli.analyze.phase_options import phase_source
from llo_dft.engines.registry import EMBEDDED
from llo_dft.errors import InputError


def source(**fields):
    given = {"materials_project": False, "engine": (None,) * 3, "folder": Path("p"), "allow": []}
    return phase_source(None, None, **(given | fields))


def test_without_a_source_the_embedded_engine_computes(capsys):
    found = source()
    assert found.engine is not None
    assert found.engine.name == EMBEDDED
    found.progress("Li2O")
    assert capsys.readouterr().err == "phase Li2O\n"


def test_an_engine_beside_other_energies_is_refused():
    with pytest.raises(InputError, match="can't be combined with another source"):
        source(materials_project=True, engine=("chgnet", None, None))
    with pytest.raises(InputError, match="is unknown"):
        source(engine=("nothing", None, None))
