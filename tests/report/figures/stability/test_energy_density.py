"""Curves of cells."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from llo_dft.analysis.cell_stack import USUAL_CATHODES, cell_energy
from llo_dft.documents.stability.cell_energy import CellParameters, CellResult
from llo_dft.report.figures.stability.energy_density import plot_energies, save_energies

CELLS = {
    one.name: [
        cell_energy(one, CellParameters(electrolyte_thickness=t)) for t in (0.0, 50.0, 100.0)
    ]
    for one in USUAL_CATHODES
}
RESULT = CellResult(
    parameters=CellParameters(),
    cathodes=list(USUAL_CATHODES),
    cells=[cells[0] for cells in CELLS.values()],
    curves=CELLS,
    left_out="much",
)


@pytest.mark.parametrize("by_volume", [False, True])
def test_each_curve_is_its_cathodes(by_volume):
    axes = plot_energies(RESULT, Figure().add_subplot(), by_volume=by_volume)
    drawn = axes.get_lines()[: len(CELLS)]
    for line, cells in zip(drawn, CELLS.values(), strict=True):
        expected = [one.wh_per_l if by_volume else one.wh_per_kg for one in cells]
        assert list(line.get_ydata()) == expected
        assert list(line.get_xdata()) == [0.0, 50.0, 100.0]
    guides = [line.get_ydata()[0] for line in axes.get_lines()[len(CELLS) + 1 :]]
    assert guides == ([] if by_volume else [500])
    assert axes.get_ylabel().endswith("(Wh/L)" if by_volume else "(Wh/kg)")


def test_the_file_is_written(tmp_path):
    save_energies(RESULT, tmp_path / "cells.png")
    assert (tmp_path / "cells.png").stat().st_size > 1000
