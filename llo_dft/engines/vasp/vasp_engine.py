"""VASP through atomate2 and custodian, with one protocol for every calculation of a study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from monty.json import MSONable

from llo_dft.documents.oxygen import schemes_not_fitted
from llo_dft.engines.base import EngineError, OxygenReference
from llo_dft.engines.vasp.cell_geometry import periodic_directions
from llo_dft.engines.vasp.incar import check_cutoff, check_unpaired, incar
from llo_dft.engines.vasp.inputs import fingerprint_of, poscar_structure
from llo_dft.engines.vasp.installation import check_potcars, check_program
from llo_dft.engines.vasp.potcars import potcar_of
from llo_dft.engines.vasp.protocols import VaspProtocol, vasp_protocol
from llo_dft.units import MATERIALS_PROJECT_U_EV

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.documents.calculation import Fingerprint
    from llo_dft.engines.base import Outcome
    from llo_dft.typing import CalculationKind, Capability

#: Name of the engine in a recipe.
VASP: Final = "vasp"

#: Counts up whenever a rule of ``vasp_incar`` or ``vasp_inputs`` changes what is computed, so that
#: results of the old rule are not taken for those of the new one.
RULES: Final = 1


@dataclass
class VaspCalculation(MSONable):
    """One kind of calculation by VASP. Implements ``CalculationMaker``.

    Attributes
    ----------
    kind, protocol
        What is computed, and the name of the protocol.
    values
        All of the protocol's settings, with the recipe's overrides.
    grid
        NGX, NGY, NGZ of a static calculation; None takes VASP's own for the cell, which is the
        same for all structures in that cell.
    """

    kind: CalculationKind
    protocol: str
    values: dict[str, Any] = field(default_factory=dict)
    grid: list[int] | None = None

    @property
    def magnetic_order(self) -> str:
        """How the moments start that the job puts onto a structure."""
        return self._protocol.magnetic_order

    @property
    def _protocol(self) -> VaspProtocol:
        return VaspProtocol(description="", **self.values)

    def settings(self) -> dict[str, Any]:
        """Return every setting that bears on the result."""
        return {"rules": RULES, "grid": self.grid, **self.values}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return what VASP's output will say of the settings; its version is not known yet."""
        return fingerprint_of(structure, self.kind, self._protocol)

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Run VASP in ``folder``, and leave its files there.

        Raises
        ------
        CalculationError
            If it did not converge, failed, or was stopped for the wall time.
        EngineError
            If VASP or a pseudopotential is missing, or the settings do not suit the structure.
        """
        from llo_dft.engines.vasp.run_task import VaspTask, run_task  # noqa: PLC0415 (only a worker)

        check_program()
        check_potcars(site.specie.symbol for site in structure)
        return run_task(VaspTask(structure, self.kind, self._protocol, self.grid), folder)


class VaspEngine:
    """VASP with a protocol.

    Parameters
    ----------
    protocol
        A key of ``VASP_PROTOCOLS``.
    overrides
        Settings of the protocol to replace.

    Raises
    ------
    EngineError
        If the protocol or a setting is unknown or of the wrong kind.
    """

    name = VASP
    capabilities: frozenset[Capability] = frozenset(
        {"energy", "forces", "stress", "magmoms", "dos", "density"}
    )

    def __init__(self, protocol: str, overrides: Mapping[str, Any]) -> None:
        self.settings = vasp_protocol(protocol, overrides)
        self.protocol = protocol
        self.oxygen = oxygen_of_vasp(self.settings)
        self._asked_u = tuple(overrides.get("u_values_ev", ()))

    def maker(self, kind: CalculationKind) -> VaspCalculation:
        """Return the maker of one kind of calculation."""
        return VaspCalculation(kind, self.protocol, self.settings.values())

    def seconds_per_atom(self, structure: Structure) -> None:
        """Return None: only a calculation would tell."""
        del structure

    def check(self, structures: Iterable[Structure]) -> None:
        """Refuse settings that do not suit the structures of a study.

        Parameters
        ----------
        structures
            Of every system: bulk, slabs, interfaces, molecules and metals.

        Raises
        ------
        EngineError
            If an element has no pseudopotential, a U was given for an element that none of them
            has, the cutoff is too low, or one of them can't be computed as it is.
        """
        cells = list(structures)
        elements = sorted({site.specie.symbol for cell in cells for site in cell})
        for element in elements:
            potcar_of(element)
        for element in self._asked_u:
            if element not in elements:
                raise EngineError(
                    f"engine.overrides.u_values_ev names {element}, which this study does not "
                    f"have; expected some of {', '.join(elements)}"
                )
        check_cutoff(elements, self.settings)
        for cell in cells:
            self._check_cell(cell)

    def check_machine(self, structures: Iterable[Structure]) -> None:
        """Refuse a machine without VASP, or without the pseudopotentials of some structures.

        Raises
        ------
        EngineError
            Naming what is missing and how it is made known.
        """
        check_program()
        check_potcars({site.specie.symbol for cell in structures for site in cell})

    def _check_cell(self, cell: Structure) -> None:
        formula = cell.composition.reduced_formula
        if np.linalg.det(cell.lattice.matrix) <= 0:
            raise EngineError(f"the cell of {formula} is left-handed, which VASP does not take")
        kind: CalculationKind = "slab_relax"
        if formula == "O2":
            kind = "molecule_relax"
            check_unpaired(cell, self.settings)
        incar(cell, kind, "relax", self.settings)
        if not all(periodic_directions(cell, kind)):
            poscar_structure(cell, kind, self.settings)


def oxygen_of_vasp(protocol: VaspProtocol) -> OxygenReference:
    """Return which O2 schemes go with a functional: they were fitted with one each."""
    refused = schemes_not_fitted(
        protocol.functional,
        protocol.u_values_ev,
        MATERIALS_PROJECT_U_EV,
        "" if protocol.dispersion == "none" else protocol.dispersion,
    )
    return OxygenReference(
        label_energy_ev_per_atom=None,
        source=f"O2 by VASP itself, {protocol.functional.removesuffix('+U')}",
        refused=refused,
    )
