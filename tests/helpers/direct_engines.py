"""Potentials without VASP's files between them and a study: what the stand-in is held against.

The same optimiser goes to the same tolerance from the same numbers: atoms in the order of POSCAR,
and places with the sixteen decimals of POSCAR and CONTCAR. CHGNet counts in single precision,
so that the last digit of a place, or a sum in another order, moves a relaxation that ends somewhere
on a flat floor by some meV.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from monty.json import MSONable

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import Engine, Outcome, OxygenReference
from llo_dft.engines.vasp.inputs import site_order
from llo_dft.errors import CalculationError
from llo_dft.testing.standin_vasp.model.downhill import pair_steps
from llo_dft.testing.standin_vasp.reading.incar_reader import Incar
from llo_dft.testing.standin_vasp.reading.kpoints import MeshOfKPoints
from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

    from llo_dft.engines.base import CalculationMaker
    from llo_dft.typing import CalculationKind


def as_written(structure: Structure, *, folded: bool) -> Structure:
    """Return a structure with the decimals of POSCAR, its atoms within the cell as in CONTCAR."""
    places = structure.frac_coords - (np.floor(structure.frac_coords) if folded else 0.0)
    return type(structure)(
        _decimals(structure.lattice.matrix), structure.species, _decimals(places)
    )


def _decimals(values: np.ndarray) -> list[list[float]]:
    return [[float(f"{value:.16f}") for value in row] for row in values]


@dataclass
class AsInPoscar(MSONable):
    """Another maker, given what POSCAR would give to it."""

    maker: CalculationMaker

    @property
    def kind(self) -> CalculationKind:
        return self.maker.kind

    @property
    def protocol(self) -> str:
        return self.maker.protocol

    def settings(self) -> dict[str, Any]:
        return self.maker.settings()

    def fingerprint(self, structure: Structure) -> Fingerprint:
        return self.maker.fingerprint(structure)

    def read_back(self, folder: Path) -> None:
        del folder

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        order = site_order(structure)
        ordered = type(structure).from_sites([structure[i] for i in order])
        made = self.maker.calculate(as_written(ordered, folded=False), folder)
        final = as_written(made.structure, folded=True)
        places = np.empty_like(final.frac_coords)
        places[order] = final.frac_coords
        return Outcome(
            structure=type(structure)(final.lattice, structure.species, places),
            energy_ev=made.energy_ev,
            max_force_ev_per_angstrom=made.max_force_ev_per_angstrom,
            magmoms_mu_b=None,
            n_steps=made.n_steps,
            n_evaluations=made.n_evaluations,
        )


class DirectEngine(Engine):
    """An engine whose makers are given what POSCAR would give to them."""

    protocol = "fast"
    capabilities = frozenset({"energy"})

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.oxygen = engine.oxygen

    def maker(self, kind: CalculationKind) -> AsInPoscar:
        return AsInPoscar(self._engine.maker(kind))


@dataclass
class PairCalculation(MSONable):
    """The stand-in's pair potential, downhill to a force."""

    kind: CalculationKind
    relaxation: dict[str, float] = field(default_factory=dict)
    protocol: str = "fast"

    def settings(self) -> dict[str, Any]:
        return dict(self.relaxation)

    def fingerprint(self, structure: Structure) -> Fingerprint:
        del structure
        return Fingerprint(engine="pair", engine_version="1", functional="pairs")

    def read_back(self, folder: Path) -> None:
        del folder

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        del folder
        name = "cell_force_tolerance" if self.kind == "bulk_relax" else "force_tolerance"
        asked = {"NSW": 500, "IBRION": 2, "EDIFFG": -self.relaxation[name]}
        asked["ISIF"] = 3 if self.kind == "bulk_relax" else 2
        kinds = tuple((site.specie.symbol, 1) for site in structure)
        crystal = PoscarCrystal("", structure.lattice.matrix, kinds, structure.frac_coords)
        inputs = Inputs(Incar(asked), crystal, MeshOfKPoints("", (1, 1, 1), (0, 0, 0), (), ()), ())
        for number, step in enumerate(pair_steps(inputs)):
            if step.converged:
                return Outcome(
                    structure=type(structure)(
                        step.crystal.lattice, structure.species, step.crystal.fractional
                    ),
                    energy_ev=step.energy_ev,
                    max_force_ev_per_angstrom=float(np.linalg.norm(step.forces, axis=1).max()),
                    magmoms_mu_b=None,
                    n_steps=number,
                    n_evaluations=number + 1,
                )
            if number == asked["NSW"]:
                break
        raise CalculationError("the pair potential did not converge")


class PairEngine(Engine):
    """The stand-in's pair potential."""

    name = "pair"
    protocol = "fast"
    capabilities = frozenset({"energy"})
    oxygen = OxygenReference(None, "O2 by the pair potential itself", {})

    def __init__(self, relaxation: dict[str, float]) -> None:
        self._relaxation = relaxation

    def maker(self, kind: CalculationKind) -> PairCalculation:
        return PairCalculation(kind, self._relaxation)
