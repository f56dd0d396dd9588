"""The tables of OUTCAR: of atoms, of bands, and of potentials at the atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.grids import atomic_number, local_potential
from llo_dft.testing.standin_vasp.writing.fortran import fixed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.run_record import MockRun

#: Radius of VASP's test charges, angstrom.
_TEST_CHARGE = 0.97

#: Five atoms stand on a line of the potentials.
_ATOMS_PER_LINE = 5

#: A 1s level, eV, for each square of the atomic number: hydrogen's, roughly screened.
_DEEPEST_EV = -8.0

#: Share of the valence electrons within the spheres.
_IN_SPHERES = 0.75


def charges(run: MockRun) -> Iterator[str]:
    """Give the electrons of each atom within its sphere."""
    shares = run.inputs.valences[:, None] * _IN_SPHERES * np.array([0.25, 0.5, 0.25])
    yield from _table(" total charge     ", shares)


def moments(run: MockRun) -> Iterator[str]:
    """Give the moment of each atom within its sphere."""
    yield from _table(" magnetization (x)", run.electrons.in_spheres)


def _table(title: str, values: np.ndarray) -> Iterator[str]:
    yield f"\n\n{title}\n\n# of ion       s       p       d       tot\n"
    yield "------------------------------------------\n"
    rounded = values.round(3)
    for number, row in enumerate(rounded, start=1):
        yield f"{number:5d}     {fixed([*row, row.sum()], 8, 3)}\n"
    if len(rounded) > 1:  # VASP adds nothing up for one atom
        total = rounded.sum(axis=0)
        yield "--------------------------------------------------\n"
        yield f"tot       {fixed([*total, total.sum()], 8, 3)}\n"
    yield "\n"


def fermi_level(run: MockRun) -> str:
    """Return the line of the Fermi level."""
    level = f"{run.electrons.fermi_ev:8.4f}"
    return f" E-fermi :  {level}     XC(G=0):  -9.0000     alpha+bet : -8.0000\n\n"


def core_levels(crystal: PoscarCrystal) -> Iterator[str]:
    """Give the deepest level of each atom (ICORELEVEL = 1)."""
    yield " the core state eigenenergies are\n\n"
    for number, symbol in enumerate(crystal.symbols, start=1):
        yield f"{number:5d}-  1s{_DEEPEST_EV * atomic_number(symbol) ** 2:11.4f}\n"
    yield "\n"


def eigenvalues(run: MockRun) -> Iterator[str]:
    """Give the bands at each k-point."""
    electrons = run.electrons
    for spin, points in enumerate(electrons.bands):
        if len(electrons.bands) > 1:
            yield f"\n spin component {spin + 1}\n"
        for number, energies in enumerate(points):
            point = run.inputs.kpoints.points[number]
            yield f"\n k-point {number + 1:5d} : {fixed(point, 10, 4)}\n"
            yield "  band No.  band energies     occupation \n"
            filled = electrons.occupations[spin, number] * electrons.per_level
            for band, (energy, share) in enumerate(zip(energies, filled, strict=True), start=1):
                yield f"  {band:5d}     {energy:9.4f}     {share:9.5f}\n"
    yield "\n"


def potentials(run: MockRun, crystal: PoscarCrystal) -> Iterator[str]:
    """Give the potential beside a slab, where INCAR asks for it, and then at each atom."""
    shape = run.sizes.fine
    potential = local_potential(run.inputs, crystal, shape)
    if run.inputs.incar.logical("LVACPOTAV"):
        upper, lower = _vacuum_levels(potential, crystal)
        yield " vacuum level on the upper side and lower side of the slab  "
        yield f"{upper:14.3f}{lower:14.3f}\n\n"
    places = np.rint(crystal.fractional * shape).astype(int) % shape
    values = potential[places[:, 0], places[:, 1], places[:, 2]]
    yield " average (electrostatic) potential at core\n"
    kinds = fixed([_TEST_CHARGE] * len(run.inputs.potentials), 10, 4)
    yield f"  the test charge radii are {kinds}\n"
    yield "  (the norm of the test charge is              1.0000)\n"
    cells = [f"{number:8d}{value:9.4f}" for number, value in enumerate(values, start=1)]
    for start in range(0, len(cells), _ATOMS_PER_LINE):
        yield "".join(cells[start : start + _ATOMS_PER_LINE]) + "\n"
    yield "\n"


def _vacuum_levels(potential: np.ndarray, crystal: PoscarCrystal) -> tuple[float, float]:
    """Return the planar average in the middle of the widest gap along the third vector."""
    heights = np.sort(crystal.fractional[:, 2] % 1.0)
    gaps = np.diff(heights, append=heights[0] + 1.0)
    widest = int(np.argmax(gaps))
    middle = (heights[widest] + 0.5 * gaps[widest]) % 1.0
    level = float(potential.mean(axis=(0, 1))[int(middle * potential.shape[2])])
    return level, level
