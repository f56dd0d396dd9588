"""Bands of vasprun.xml: whole tables, or what is wrong with them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.eigenvalues import (
    Eigenvalues,
    electrons,
    electrons_agree,
    read_eigenvalues,
)

if TYPE_CHECKING:
    from pathlib import Path

BANDS = np.array([[[[-5.0, 1.0], [2.5, 0.0]], [[-4.5, 1.0], [3.0, 0.25]]]])


def table(bands: np.ndarray, fields: tuple[str, ...] = ("eigene", "occ")) -> str:
    lines = ["<array>", *(f"<field>{name}</field>" for name in fields), "<set>"]
    for s, spin in enumerate(bands, start=1):
        lines.append(f' <set comment="spin {s}">')
        for k, point in enumerate(spin, start=1):
            lines.append(f'  <set comment="kpoint {k}">')
            lines += [f"   <r>{e:10.4f}{occ:10.4f} </r>" for e, occ in point]
            lines.append("  </set>")
        lines.append(" </set>")
    return "\n".join([*lines, "</set>", "</array>", "</eigenvalues>"]) + "\n"


def read(path: Path, text: str, n_kpoints: int = 2) -> Eigenvalues | None:
    path.write_text(text, encoding="ascii")
    header: Any = SimpleNamespace(
        parameters={}, kpoints=SimpleNamespace(points=np.zeros((n_kpoints, 3)))
    )
    with ByteStream(path) as stream:
        return read_eigenvalues(stream, header)


@pytest.mark.parametrize("spins", [1, 2])
def test_energies_and_occupations_come_back_by_spin_point_and_band(
    tmp_path: Path, spins: int
) -> None:
    bands = np.concatenate([BANDS, BANDS + np.array([1.0, 0.0])])[:spins]
    found = read(tmp_path / "x", table(bands))
    assert found is not None
    np.testing.assert_array_equal(found.energies_ev, bands[..., 0])
    np.testing.assert_array_equal(found.occupations, bands[..., 1])


def test_a_table_of_something_else_is_passed_over(tmp_path: Path) -> None:
    assert read(tmp_path / "x", table(BANDS, ("eigene", "velocity"))) is None


def test_a_table_of_other_k_points_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(VaspFileError, match="2 k-points instead of 3"):
        read(tmp_path / "x", table(BANDS), n_kpoints=3)
    with pytest.raises(VaspFileError, match="3 spins"):
        read(tmp_path / "x", table(np.concatenate([BANDS] * 3)))


def test_electrons_are_occupations_by_the_weights_of_their_points() -> None:
    found = Eigenvalues(BANDS[..., 0], BANDS[..., 1])
    sums = electrons(found, np.array([0.75, 0.25]), 2)
    assert sums == pytest.approx([2 * (0.75 * 1.0 + 0.25 * 1.25)])
    assert electrons_agree(found, 2.0, 2.01)
    assert not electrons_agree(found, 2.0, 2.1)
