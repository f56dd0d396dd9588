"""VASP through atomate2 and custodian, with one protocol for every calculation of a study."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from monty.json import MSONable

from llo_dft.chemistry.element_table import MATERIALS_PROJECT_U_EV
from llo_dft.documents.oxygen import schemes_not_fitted
from llo_dft.engines.base import Engine, EngineError, OxygenReference, Program
from llo_dft.engines.cell_geometry import periodic_directions
from llo_dft.engines.named_settings import why_no_crossings
from llo_dft.engines.vasp.electrons import VaspElectrons
from llo_dft.engines.vasp.incar import check_cutoff, check_unpaired, incar
from llo_dft.engines.vasp.input_files import write_inputs
from llo_dft.engines.vasp.inputs import fingerprint_of, poscar_structure
from llo_dft.engines.vasp.installation import check_potcars, check_program, installed
from llo_dft.engines.vasp.potcars import potcar_of
from llo_dft.engines.vasp.protocols import VaspProtocol, vasp_protocol
from llo_dft.engines.vasp.read_back import read_back

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft import recipe
    from llo_dft.documents.calculation import Fingerprint
    from llo_dft.documents.document import Finding
    from llo_dft.engines.base import InputSize, Outcome, ReadBack, StartFrom
    from llo_dft.typing import CalculationKind, MagneticOrder

#: Counts up whenever a rule of ``incar`` or ``inputs`` changes what is computed, so that
#: results of the old rule are not taken for those of the new one.
RULES: Final = 2

#: Lithium fraction below which the distance of the layers depends on dispersion: the Li layer of
#: LixCoO2 closes only with it (Aykol, Kim and Wolverton, J. Phys. Chem. C 119, 19053 (2015)).
LAYERS_NEED_DISPERSION: Final = 0.4


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
    version
        VASP's version that the study's other calculations are of, as vasprun.xml has it; empty:
        any. It bears on no key: results of another one are refused.
    """

    kind: CalculationKind
    protocol: str
    values: dict[str, Any] = field(default_factory=dict)
    grid: list[int] | None = None
    version: str = ""

    @property
    def magnetic_order(self) -> MagneticOrder:
        """How the moments start that the job puts onto a structure."""
        return self._protocol.magnetic_order

    @property
    def _protocol(self) -> VaspProtocol:
        return VaspProtocol(**self.values)

    def settings(self) -> dict[str, Any]:
        """Return every setting that bears on the result."""
        return {"rules": RULES, "grid": self.grid, **self.values}

    def held_to(self, version: str) -> VaspCalculation:
        """Return the maker that ends a run of another version than this as soon as it is seen."""
        return replace(self, version=version)

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return what VASP's output will say of the settings; its version is not known yet."""
        return fingerprint_of(structure, self.kind, self._protocol)

    @property
    def electron_placements(self) -> int:
        """In how many ways the electrons that a removed O leaves are put on metals beside it."""
        return self._protocol.electron_placements

    def calculate(
        self, structure: Structure, folder: Path, start_from: StartFrom | None = None
    ) -> Outcome:
        """Run VASP in ``folder``, and leave its files there.

        Raises
        ------
        CalculationError
            If it did not converge, failed, or was stopped for the wall time.
        EngineError
            If VASP or a pseudopotential is missing, or the settings do not suit the structure.
        """
        from llo_dft.engines.vasp.running.run_task import VaspTask, run_task  # noqa: PLC0415 (only a worker)

        check_program()
        check_potcars(site.specie.symbol for site in structure)
        task = VaspTask(structure, self.kind, self._protocol, self.grid, start_from, self.version)
        return run_task(task, folder)

    def read_back(self, folder: Path) -> ReadBack:
        """Return what VASP's own files say of a finished calculation.

        Raises
        ------
        VaspFileError
            If a file is damaged, or there is no vasprun.xml.
        """
        return read_back(folder)


class VaspEngine(Engine):
    """VASP with a protocol of ``VASP_PROTOCOLS``; only calculations tell how long they take."""

    name = "vasp"
    capabilities = frozenset({"energy", "forces", "stress", "magmoms", "dos", "density", "inputs"})
    program = Program("VASP", "ATOMATE2_VASP_CMD")

    def __init__(self, settings: recipe.EngineChoice) -> None:
        self.protocol = settings.protocol
        self.settings = vasp_protocol(settings.protocol, settings.overrides)
        self.oxygen = _oxygen(self.settings)
        self.no_crossings = why_no_crossings(self.settings.force_tolerance)
        self._asked_u = tuple(settings.overrides.get("u_values_ev", ()))

    def maker(self, kind: CalculationKind) -> VaspCalculation:
        """Return the maker of one kind of calculation."""
        return VaspCalculation(kind, self.protocol, self.settings.model_dump())

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

    def remarks(self, lithium_fraction: float) -> list[str]:
        """Return that layers without Li between them are held by dispersion, if there is none."""
        if lithium_fraction >= LAYERS_NEED_DISPERSION or self.settings.dispersion != "none":
            return []
        text = (
            f"below x = {LAYERS_NEED_DISPERSION:g} too little Li holds the layers together, and "
            f"{self.settings.functional} without dispersion sets them too far apart along c: take "
            'engine.overrides.dispersion = "D3(BJ)" for such states of charge'
        )
        return [text]

    def write_inputs(
        self, structure: Structure, kind: CalculationKind, folder: Path
    ) -> list[InputSize]:
        """Write INCAR, KPOINTS, POSCAR and POTCAR.spec of each run of a calculation.

        The licensed pseudopotentials are not needed.
        """
        return write_inputs(structure, kind, self.settings, folder)

    def electrons(self, folder: Path) -> VaspElectrons:
        """Return the electrons of the static calculation in a folder."""
        return VaspElectrons(folder)

    @classmethod
    def installed(cls, name: str) -> list[Finding]:
        """Return VASP's command and pseudopotentials; they are licensed, and need not be here."""
        del name
        return installed()

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


def _oxygen(protocol: VaspProtocol) -> OxygenReference:
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
