"""Densities made of Gaussians, whose integrals are known, on periodic grids."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from grid_files import GridText

from llo_dft.testing.vasprun_writer import Run, text

if TYPE_CHECKING:
    from pathlib import Path

#: Across the interface P 1.6 A above O; everything else is further apart.
CELL = np.array([[5.0, 0.0, 0.0], [1.0, 5.2, 0.0], [0.0, 0.0, 16.0]])
SHAPE = (20, 20, 64)
LOWER = [("Mn", [0.2, 0.3, 0.20]), ("O", [0.5, 0.5, 0.30]), ("O", [0.1, 0.9, 0.27])]
UPPER = [("P", [0.5, 0.5, 0.40]), ("O", [0.7, 0.6, 0.48]), ("Li", [0.2, 0.1, 0.45])]
WIDTH = 0.6


def gaussian(center, width=WIDTH, cell=CELL, shape=SHAPE) -> np.ndarray:
    """Density of one electron about a fractional place, e/A^3; images included."""
    axes = [np.arange(n) / n for n in shape]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) - np.asarray(center)
    places -= np.rint(places)
    total = np.zeros(shape)
    for image in product((-1, 0, 1), repeat=3):
        squared = (((places + np.array(image)) @ cell) ** 2).sum(axis=-1)
        total += np.exp(-squared / (2 * width**2))
    return total / (width * np.sqrt(2 * np.pi)) ** 3


def density(atoms, electrons=4.0, shift=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Some electrons on each atom."""
    return electrons * sum(gaussian(np.add(place, shift)) for _, place in atoms)


def write(path: Path, atoms, values, shift=(0.0, 0.0, 0.0)) -> Path:
    """A CHGCAR; atoms in the order of their elements, as VASP has them."""
    ordered = sorted(atoms, key=lambda one: one[0])
    names = [name for name, _ in ordered]
    species = [(name, names.count(name)) for name in dict.fromkeys(names)]
    places = np.mod(np.array([place for _, place in ordered]) + shift, 1.0)
    grid = values * abs(np.linalg.det(CELL))
    path.parent.mkdir(parents=True, exist_ok=True)
    return GridText([grid, 0.1 * grid], lattice=CELL, species=species, fractional=places).write(
        path
    )


def transfer(electrons=0.4, shift=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Electrons taken from P and put between P and O."""
    gained, lost = np.add([0.5, 0.5, 0.33], shift), np.add([0.5, 0.5, 0.42], shift)
    return electrons * (gaussian(gained) - gaussian(lost))


def write_interface(folder: Path, electrons=0.4, shift=(0.0, 0.0, 0.0)) -> tuple[Path, Path, Path]:
    """The folders AB, A and B."""
    lower, upper = density(LOWER, shift=shift), density(UPPER, shift=shift)
    whole = lower + upper + transfer(electrons, shift)
    write(folder / "AB" / "CHGCAR", [*LOWER, *UPPER], whole, shift)
    write(folder / "A" / "CHGCAR", LOWER, lower, shift)
    write(folder / "B" / "CHGCAR", UPPER, upper, shift)
    return folder / "AB", folder / "A", folder / "B"


def write_run(folder: Path, atoms, replace: tuple[str, str] = ("", ""), **changes: Any) -> Path:
    """The vasprun.xml of the run whose density a folder has; changes are of its settings."""
    ordered = sorted(atoms, key=lambda one: one[0])
    symbols = tuple(name for name, _ in ordered)
    options: dict[str, Any] = {"u_values": {"Mn": 3.9} if "Mn" in symbols else None}
    options |= {"fields": None, "n_kpoints": 3, "lattice": CELL}
    run = Run(symbols=symbols, **(options | changes))
    run.fractional = np.mod(np.array([place for _, place in ordered]), 1.0).round(8)
    content = text(run)
    assert replace[0] in content
    (folder / "vasprun.xml").write_text(content.replace(*replace, 1), encoding="latin-1")
    return folder
