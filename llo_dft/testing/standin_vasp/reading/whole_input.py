"""The four inputs together, held against each other as VASP does before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.reading.incar_reader import Incar, check_counts, read_incar
from llo_dft.testing.standin_vasp.reading.kpoints import MeshOfKPoints, read_kpoints
from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal, read_poscar
from llo_dft.testing.standin_vasp.reading.potentials import PotcarEntry, read_potentials
from llo_dft.testing.standin_vasp.stops import InputRefused, NotDone

if TYPE_CHECKING:
    from pathlib import Path

_TETRAHEDRA = (-4, -5)
_FEWEST_FOR_TETRAHEDRA = 4

#: What is done of IBRION (none, and three ways down), and of ISIF (with and without the cell).
_IBRION = (-1, 1, 2, 3)
_ISIF = (0, 1, 2, 3)
_WITH_CELL = 3


@dataclass(frozen=True)
class Inputs:
    """What is to be computed."""

    incar: Incar
    crystal: PoscarCrystal
    kpoints: MeshOfKPoints
    potentials: tuple[PotcarEntry, ...]

    @property
    def n_electrons(self) -> float:
        """NELECT."""
        counts = [count for _, count in self.crystal.kinds]
        valence = sum(n * one.n_valence for n, one in zip(counts, self.potentials, strict=True))
        return self.incar.number("NELECT", valence)

    @property
    def valences(self) -> np.ndarray:
        """Valence electrons of each neutral atom, shape (n_atoms,)."""
        counts = [count for _, count in self.crystal.kinds]
        return np.repeat([one.n_valence for one in self.potentials], counts)

    @property
    def n_spins(self) -> int:
        """ISPIN."""
        return self.incar.whole("ISPIN", 1)

    @property
    def cutoff_ev(self) -> float:
        """ENCUT, or the largest of the potentials."""
        return self.incar.number("ENCUT", max(one.cutoff_ev for one in self.potentials))

    @property
    def n_bands(self) -> int:
        """NBANDS, or VASP's number for these electrons."""
        return self.incar.whole("NBANDS", self._default_bands())

    @property
    def n_steps(self) -> int:
        """Most ionic steps: NSW; one where nothing moves."""
        return max(1, self.incar.whole("NSW", 0)) if self.relaxes else 1

    @property
    def relaxes(self) -> bool:
        """Whether ions move."""
        return self.incar.whole("NSW", 0) > 0 and self.ibrion > 0

    @property
    def ibrion(self) -> int:
        """IBRION."""
        return self.incar.whole("IBRION", -1 if self.incar.whole("NSW", 0) <= 1 else 0)

    @property
    def isif(self) -> int:
        """ISIF."""
        return self.incar.whole("ISIF", 2)

    @property
    def relaxes_cell(self) -> bool:
        """Whether the cell moves too."""
        return self.relaxes and self.isif == _WITH_CELL

    @property
    def ediff(self) -> float:
        """EDIFF, eV."""
        return self.incar.number("EDIFF", 1e-4)

    @property
    def ediffg(self) -> float:
        """EDIFFG: a force if negative, an energy otherwise."""
        return self.incar.number("EDIFFG", 10 * self.ediff)

    def _default_bands(self) -> int:
        """Return VASP's NBANDS (https://www.vasp.at/wiki/index.php/NBANDS)."""
        n_electrons, n_ions = self.n_electrons, len(self.crystal.symbols)
        found = max(int(n_electrons + 2.5) // 2 + max(n_ions // 2, 3), int(0.6 * n_electrons))
        if self.n_spins == 2:
            moments = self.incar.values.get("MAGMOM", n_ions * [1.0])
            found += max(0, int((sum(map(abs, moments)) + 1) // 2))  # type: ignore[arg-type]
        return found


def read_inputs(folder: Path) -> Inputs:
    """Read INCAR, POSCAR, POTCAR and KPOINTS, in the order in which VASP finds fault with them.

    Raises
    ------
    VaspStop
        At the first of them that VASP, or this stand-in, can't use.
    """
    incar = read_incar(folder / "INCAR")
    crystal = read_poscar(folder / "POSCAR")
    potentials = read_potentials(folder)
    _check_kinds(crystal, potentials)
    check_counts(incar, len(crystal.symbols), len(crystal.kinds))
    kpoints = read_kpoints(folder / "KPOINTS", incar, crystal.lattice)
    inputs = Inputs(incar, crystal, kpoints, tuple(potentials))
    _check_task(inputs)
    return inputs


def _check_kinds(crystal: PoscarCrystal, potentials: list[PotcarEntry]) -> None:
    if len(potentials) != len(crystal.kinds):
        raise InputRefused(
            "ERROR: number of potentials on File POTCAR incompatible with number of species",
            f"INCAR : {len(crystal.kinds)} POTCAR: {len(potentials)}",
        )
    for (symbol, _), potential in zip(crystal.kinds, potentials, strict=True):
        if symbol != potential.element:
            raise InputRefused(
                "The type information on POSCAR and POTCAR are incompatible: "
                f"POSCAR says {symbol} where POTCAR has {potential.title}."
            )


def _check_task(inputs: Inputs) -> None:
    incar = inputs.incar
    if inputs.ibrion not in _IBRION:
        raise NotDone(f"IBRION = {inputs.ibrion}")
    if inputs.isif not in _ISIF:
        raise NotDone(f"ISIF = {inputs.isif}")
    for name in ("LNONCOLLINEAR", "LSORBIT", "LEPSILON", "LOPTICS"):
        if incar.logical(name):
            raise NotDone(name)
    if inputs.n_spins not in {1, 2}:
        raise NotDone(f"ISPIN = {inputs.n_spins}")
    if inputs.n_bands * 2 < inputs.n_electrons:
        raise InputRefused("ERROR: TOO FEW BANDS", f"NBANDS = {inputs.n_bands}")
    few = len(inputs.kpoints.points) < _FEWEST_FOR_TETRAHEDRA
    if incar.whole("ISMEAR", 1) in _TETRAHEDRA and few:
        raise InputRefused("Tetrahedron method fails (number of k-points < 4)")
