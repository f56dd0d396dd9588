"""Densities of states: the columns of an orbital, and sets that must hang together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.densities import (
    ProjectedDensity,
    TotalDensity,
    columns_of,
    read_dos,
)
from llo_dft.testing.vasprun_writer import L_FIELDS, LM_FIELDS, Run, text

if TYPE_CHECKING:
    from pathlib import Path

SYMBOLS = ("Li", "Mn", "O")
LM = ("energy", "s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2", "f-3")


@pytest.mark.parametrize(
    ("orbital", "expected"),
    [
        ("s", [1]),
        ("p", [2, 3, 4]),
        ("d", [5, 6, 7, 8, 9]),  # some versions call the last one x2-y2
        ("f", [10]),
        ("px", [4]),
        ("dz2", [7]),
        ("x2-y2", [9]),
        ("g", []),
        ("energy", []),
    ],
)
def test_an_orbital_is_all_of_its_columns(orbital: str, expected: list[int]) -> None:
    assert columns_of(LM, orbital) == expected


def header(n_energies: int) -> Any:
    return SimpleNamespace(symbols=SYMBOLS, parameters={"NEDOS": n_energies})


def read(
    path: Path,
    run: Run,
    sites: tuple[int, ...] | None,
    orbital: str = "p",
    change: tuple[str, str] = ("", ""),
) -> tuple[TotalDensity, ProjectedDensity | None]:
    whole = text(run)
    part = whole[whole.rindex("<dos>") + len("<dos>") :]
    assert change[0] in part
    path.write_text(part.replace(*change, 1), encoding="latin-1")
    with ByteStream(path) as stream:
        return read_dos(stream, header(run.n_energies), sites, orbital)


@pytest.mark.parametrize("spins", [1, 2])
@pytest.mark.parametrize("fields", [L_FIELDS, LM_FIELDS])
def test_what_is_read_is_what_was_written(
    tmp_path: Path, spins: int, fields: tuple[str, ...]
) -> None:
    run = Run(SYMBOLS, n_energies=21, spins=spins, fields=fields)
    total, projected = read(tmp_path / "dos", run, (2, 0))
    density, integral = run.total()
    np.testing.assert_allclose(total.energies_ev, run.grid)
    np.testing.assert_allclose(total.density, density)
    np.testing.assert_allclose(total.integrated, integral)
    assert projected is not None
    written = [i for i, name in enumerate(fields) if name.strip().startswith("p")]
    expected = run.partial()[[2, 0]][:, :, written].sum(axis=2)
    np.testing.assert_allclose(projected.density, expected, atol=1e-9)
    assert projected.sites == (2, 0)


def test_without_projections_the_tag_that_makes_them_is_named(tmp_path: Path) -> None:
    run = Run(SYMBOLS, n_energies=21, fields=None)
    assert read(tmp_path / "dos", run, None)[1] is None
    with pytest.raises(VaspFileError, match="run VASP with LORBIT = 11"):
        read(tmp_path / "dos", run, (2,))
    with pytest.raises(VaspFileError, match="no column for 'dxy' among s, p, d"):
        read(tmp_path / "dos", Run(SYMBOLS, n_energies=21, fields=L_FIELDS), (2,), "dxy")


def test_other_rows_than_nedos_are_corrupt(tmp_path: Path) -> None:
    run = Run(SYMBOLS, n_energies=21)
    whole = text(run)
    (tmp_path / "dos").write_text(whole[whole.rindex("<dos>") + 5 :], encoding="latin-1")
    with (
        ByteStream(tmp_path / "dos") as stream,
        pytest.raises(VaspFileError, match="21 rows, but NEDOS is 20"),
    ):
        read_dos(stream, header(20), None, "")


def test_a_fermi_level_of_stars_is_not_a_number_and_a_missing_one_is_corrupt(
    tmp_path: Path,
) -> None:
    run = Run(SYMBOLS, n_energies=21)
    fermi = f"{run.fermi:16.8f}"
    total, _ = read(tmp_path / "dos", run, None, change=(fermi, "*" * 16))
    assert np.isnan(total.fermi_ev)
    with pytest.raises(VaspFileError, match="no Fermi level"):
        read(tmp_path / "dos", run, None, change=('name="efermi"', 'name="other"'))
