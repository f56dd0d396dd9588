"""An engine whose energies can be worked out by hand, and that fails where it is told to."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from monty.json import MSONable

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.decoding.stored_structure import structure_from
from llo_dft.engines.base import Engine, Outcome, OxygenReference, ReadBack
from llo_dft.errors import CalculationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import CalculationKind

#: Energy of each atom by itself, eV.
ATOM_EV: Final = {"Li": -1.5, "O": -4.9}
METAL_EV: Final = -8.0

#: What each pair of a Li and an O anywhere in the cell gains, eV: so E_f falls with the Li.
PAIR_EV: Final = -0.1

#: Crystals of other energies than their atoms: Li metal per Li, Li3PO4 per P, eV.
LITHIUM_METAL_EV: Final = -1.9
CRYSTAL_EV_PER_P: Final = -60.0

#: What a coated slab gains for each angstrom that its top is further from the first TM, eV: so
#: of two registries and gaps the one that was laid further away has the lower energy.
HEIGHT_EV_PER_ANGSTROM: Final = -1.0

#: Half of one O2 molecule, as this engine computes it, eV.
HALF_O2_EV: Final = -4.8

#: Half of O2 on the scale of the labels that this engine claims to have learned, eV.
LABEL_HALF_O2_EV: Final = -4.948

#: How the bulk's lattice grows, and how far along x a slab moves as a whole, angstrom.
BULK_GROWTH: Final = 1.02
SLAB_SHIFT: Final = 0.05

#: A P this far from an O has no bond to it yet and gets one, angstrom; the last P the shortest.
NEAR_MIN: Final = 1.9
NEAR_MAX: Final = 2.15
LAST_BOND: Final = 1.6
BOND_STEP: Final = 0.02


def vacancy_minus_host_ev(n_lithium: int) -> float:
    """E(host - O) - E(host) of a host with that many Li, worked out on paper."""
    return -ATOM_EV["O"] - PAIR_EV * n_lithium


def coating_height(structure: Structure) -> float:
    """Height of a coated slab's top above its first TM, angstrom; 0 of any other structure."""
    metals = [i for i, site in enumerate(structure) if site.specie.is_transition_metal]
    if not metals or "P" not in structure.symbol_set:
        return 0.0
    heights = structure.cart_coords[:, 2]
    return float(heights.max() - heights[metals[0]])


def with_bonds(structure: Structure) -> Structure:
    """Pull each P to the O that it has no bond to but is near of, along the line between them."""
    pulled: Structure = structure.copy()
    phosphorus = pulled.indices_from_symbol("P")
    for place, site in enumerate(phosphorus):
        for oxygen in pulled.indices_from_symbol("O"):
            length, image = pulled[site].distance_and_image(pulled[oxygen])
            if NEAR_MIN < length <= NEAR_MAX:
                target = LAST_BOND + BOND_STEP * (len(phosphorus) - 1 - place)
                there = pulled.lattice.get_cartesian_coords(pulled[oxygen].frac_coords + image)
                step = (there - pulled[site].coords) * (1 - target / length)
                pulled.translate_sites([site], step, frac_coords=False, to_unit_cell=False)
                break
    return pulled


def fault_name(kind: CalculationKind, structure: Structure) -> str:
    """Return the name that a fault is listed under."""
    return f"{kind} {structure.composition.formula}"


@dataclass
class FakeCalculation(MSONable):
    """Implements ``CalculationMaker``; ``counter``, ``faults`` and ``mock`` bear on no key."""

    kind: CalculationKind
    protocol: str = "balanced"
    counter: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    version: str = "1"
    mock: bool = False

    def settings(self) -> dict[str, Any]:
        """Return what enters the key."""
        return {"growth": BULK_GROWTH}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return the settings that its energies depend on."""
        del structure
        return Fingerprint(engine="fake", engine_version=self.version, functional="counted pairs")

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Return the energy on paper, or fail as ``faults`` say."""
        name = fault_name(self.kind, structure)
        if self.counter:
            with Path(self.counter).open("a", encoding="utf-8") as file:
                file.write(f"{name}\n")
        left = {"energy_ev": self._energy_ev(structure), "structure": structure.as_dict()}
        (folder / "raw.txt").write_text(json.dumps(left), encoding="utf-8")
        fault = self.faults.get(name, "")
        if fault == "raise":
            raise RuntimeError("the cluster\nis on fire")
        if fault.startswith("raise above ") and coating_height(structure) > float(
            fault.split()[-1]
        ):
            raise RuntimeError("the cluster is on fire")
        if fault == "unconverged":
            raise CalculationError("not converged after 3 steps")
        if fault == "die":
            os._exit(9)
        relaxed = self._relaxed(structure, fault)
        return Outcome(
            structure=relaxed,
            energy_ev=float("nan") if fault == "nan" else self._energy_ev(structure),
            max_force_ev_per_angstrom=0.01,
            magmoms_mu_b=None,
            n_steps=1,
            n_evaluations=2,
        )

    def energies_ev(self, structures: Sequence[Structure]) -> list[float]:
        """Return energies of single points, eV."""
        return [self._energy_ev(structure) for structure in structures]

    def read_back(self, folder: Path) -> ReadBack | None:
        """Say that it is a mock, or find nothing in its files."""
        if not self.mock:
            return None
        left = json.loads((folder / "raw.txt").read_text(encoding="utf-8"))
        structure = structure_from(left["structure"])
        return ReadBack(self.fingerprint(structure), left["energy_ev"], structure, mock=True)

    def _energy_ev(self, structure: Structure) -> float:
        if self.kind == "molecule_relax":
            return 2 * HALF_O2_EV
        amounts = structure.composition.get_el_amt_dict()
        if set(amounts) == {"Li"}:
            return LITHIUM_METAL_EV * amounts["Li"]
        if self.kind == "bulk_relax" and "P" in amounts:
            return CRYSTAL_EV_PER_P * amounts["P"]
        atoms = sum(ATOM_EV.get(symbol, METAL_EV) * n for symbol, n in amounts.items())
        pairs = PAIR_EV * amounts.get("Li", 0.0) * amounts["O"]
        return float(atoms + pairs + HEIGHT_EV_PER_ANGSTROM * coating_height(structure))

    def _relaxed(self, structure: Structure, fault: str) -> Structure:
        relaxed: Structure = structure.copy()
        if fault == "asymmetric":
            relaxed.perturb(0.3)
        elif fault == "another order":
            relaxed = type(relaxed).from_sites(list(reversed(relaxed.sites)))
        elif self.kind == "bulk_relax":
            relaxed.scale_lattice(relaxed.volume * BULK_GROWTH**3)
        elif self.kind == "slab_relax":
            step = np.array([SLAB_SHIFT, 0.0, 0.0])
            relaxed = with_bonds(relaxed)
            relaxed.translate_sites(range(len(relaxed)), step, frac_coords=False)
        return relaxed


class FakeEngine(Engine):
    """The engine of ``FakeCalculation``."""

    name = "fake"
    protocol = "balanced"
    capabilities = frozenset({"energy"})

    def __init__(
        self, counter: str = "", faults: dict[str, str] | None = None, *, mock: bool = False
    ) -> None:
        self.counter = counter
        self.mock = mock
        self.faults = faults or {}
        self.oxygen = OxygenReference(LABEL_HALF_O2_EV, "the labels of the fake engine", {})

    def maker(self, kind: CalculationKind) -> FakeCalculation:
        """Return the calculation of a kind."""
        return FakeCalculation(kind, self.protocol, self.counter, self.faults, mock=self.mock)
