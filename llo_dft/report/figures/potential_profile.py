"""The local potential of cells: planar and macroscopic averages over the planes of the atoms."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from llo_dft.documents.electrons.local_potential import PotentialSummary
from llo_dft.report.figures.figure_parts import legend_below, mark_atoms, new_figure, save_figure
from llo_dft.report.figures.palette import FERMI_LEVEL, MAIN, PALE, SECOND
from llo_dft.report.titles import settings_text, title_text


def plot_potential(summary: PotentialSummary, axes: Axes) -> Axes:
    """Draw both averages, each face's vacuum level if known, and E_F, without a legend."""
    profile = summary.profile
    z = [*profile.coordinate_angstrom, profile.height_angstrom]
    planar, macroscopic = (  # periodic: the first value is the last one too
        [*values, values[0]] for values in (profile.planar_ev, profile.macroscopic_ev)
    )
    axes.plot(z, planar, color=PALE, lw=0.9, label="planar average")
    if profile.windows_angstrom:
        windows = " and ".join(f"{window:g}" for window in profile.windows_angstrom)
        label = f"macroscopic average over {windows} Å"
        axes.plot(z, macroscopic, color=MAIN, lw=1.5, label=label)
    for face, one in summary.faces.items():
        start, end = one.vacuum.region_angstrom
        text = f"{one.vacuum.level_ev:.2f} eV"
        if one.work_function_ev is not None:
            text += f", W = {one.work_function_ev:.2f} eV"
        for shift in (-profile.height_angstrom, 0.0, profile.height_angstrom):
            part = np.clip([start + shift, end + shift], 0.0, profile.height_angstrom)
            if part[1] > part[0]:
                axes.plot(part, [one.vacuum.level_ev] * 2, color=SECOND, lw=2.2)
        axes.plot([], [], color=SECOND, lw=2.2, label=f"vacuum, {face} face: {text}")
    if summary.fermi_ev is not None:
        label = f"$E_F$ {summary.fermi_ev:.2f} eV"
        axes.axhline(summary.fermi_ev, color=FERMI_LEVEL, lw=1.0, ls="--", label=label)
    axes.set_xlim(0.0, profile.height_angstrom)
    axes.set_ylabel("potential (eV)")
    lines = [
        f"{summary.structure.composition.formula}: {summary.path}",
        settings_text(summary.fingerprint),
    ]
    axes.set_title(title_text(lines, mock=summary.mock), fontsize=8, loc="left")
    return axes


def plot_planes(summary: PotentialSummary, axes: Axes) -> Axes:
    """Draw the height of every atom, each element on its own line in its colour."""
    profile = summary.profile
    heights = np.mod(summary.structure.frac_coords[:, profile.axis], 1.0) * profile.height_angstrom
    atoms = [site.specie.symbol for site in summary.structure]
    elements = list(dict.fromkeys(atoms))
    for row, element in enumerate(elements):
        mark_atoms(axes, heights[[atom == element for atom in atoms]].tolist(), -row, element)
    axes.set_yticks([-row for row in range(len(elements))], elements, fontsize=8)
    axes.set_ylim(-len(elements) + 0.4, 0.6)
    axes.set_xlabel(f"z along the normal of the planes across {'abc'[profile.axis]} (Å)")
    return axes


def plot_potential_and_planes(summary: PotentialSummary, upper: Axes, lower: Axes) -> None:
    """Draw the potential, below it the planes of atoms, and below both the legend."""
    plot_potential(summary, upper)
    plot_planes(summary, lower)
    handles, labels = upper.get_legend_handles_labels()
    legend_below(lower, columns=2, below=-0.45, handles=handles, labels=labels, fontsize=7)


def save_potential(summaries: Sequence[PotentialSummary], path: Path) -> None:
    """Draw one or more calculations side by side; the suffix gives the format."""
    figure = new_figure(6.8 * len(summaries), 5.6)
    rows = figure.subplots(2, len(summaries), sharex="col", height_ratios=[3, 1], squeeze=False)
    for summary, upper, lower in zip(summaries, *rows, strict=True):
        plot_potential_and_planes(summary, upper, lower)
    save_figure(figure, path, mock=any(summary.mock for summary in summaries))
