"""Energy of cells per mass and per volume against the thickness of the electrolyte."""

from pathlib import Path

from matplotlib.axes import Axes

from llo_dft.documents.stability.cell_energy import CellResult
from llo_dft.report.figures.figure_parts import legend_beside, new_figure, save_figure
from llo_dft.report.figures.palette import GUIDE, class_colors, system_lines


def plot_energies(result: CellResult, axes: Axes, *, by_volume: bool = False) -> Axes:
    """Draw one curve per cathode: Wh/kg, or Wh/L, over micrometres of electrolyte."""
    colors, lines = class_colors(result.curves), system_lines(result.curves)
    materials = {one.name: one for one in result.cathodes}
    for name, cells in result.curves.items():
        x = [cell.electrolyte_thickness_um for cell in cells]
        y = [cell.wh_per_l if by_volume else cell.wh_per_kg for cell in cells]
        label = f"{name}, {materials[name].capacity_mah_per_g:.0f} mAh/g"
        axes.plot(x, y, color=colors[name], linestyle=lines[name], label=label)
    axes.axvline(result.parameters.electrolyte_thickness, color=GUIDE, linewidth=0.8, linestyle=":")
    if not by_volume:  # what cells of long range aim at
        axes.axhline(500, color=GUIDE, linewidth=0.8, linestyle=":")
    axes.set_xlabel("Thickness of the electrolyte (µm)")
    axes.set_ylabel(f"Energy of the stack (Wh/{'L' if by_volume else 'kg'})")
    return axes


def save_energies(result: CellResult, path: Path) -> None:
    """Draw both to a file; its suffix gives the format."""
    figure = new_figure(9.0, 3.4)
    left, right = figure.subplots(1, 2)
    plot_energies(result, left)
    legend_beside(plot_energies(result, right, by_volume=True))
    cell = result.parameters
    figure.suptitle(
        f"{cell.areal_capacity:g} mAh/cm2, {cell.active_fraction:.0%} active material, electrolyte "
        f"{cell.electrolyte_density:g} g/cm3, Li excess {cell.anode_excess:.0%}",
        fontsize=9,
    )
    save_figure(figure, path)
