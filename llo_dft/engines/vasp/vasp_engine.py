"""VASP through atomate2 and custodian, with one protocol for every calculation of a study."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.chemistry.element_table import MATERIALS_PROJECT_U_EV
from llo_dft.documents.document import Finding
from llo_dft.documents.oxygen import schemes_not_fitted
from llo_dft.engines.base import Cost, Engine, EngineError, InputSize, OxygenReference, Program
from llo_dft.engines.cell_geometry import periodic_directions
from llo_dft.engines.named_settings import check_asked_u, why_no_crossings
from llo_dft.engines.vasp.cycle_cost import VARIABLE, TimedCycle, cost_of, timed_in
from llo_dft.engines.vasp.finished_calculation import VaspElectrons
from llo_dft.engines.vasp.incar import check_cutoff, check_unpaired, incar, stages
from llo_dft.engines.vasp.inputs import poscar_structure, size_of, write_inputs
from llo_dft.engines.vasp.installation import check_potcars, check_program, installed
from llo_dft.engines.vasp.potcars import potcar_of
from llo_dft.engines.vasp.protocols import VaspProtocol, vasp_protocol
from llo_dft.engines.vasp.user_tags import checked_tags, machine_tags, told
from llo_dft.typing import CalculationKind

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft import recipe
    from llo_dft.engines.vasp.vasp_calculation import VaspCalculation

#: Lithium fraction below which the distance of the layers depends on dispersion: the Li layer of
#: LixCoO2 closes only with it (Aykol, Kim and Wolverton, J. Phys. Chem. C 119, 19053 (2015)).
LAYERS_NEED_DISPERSION: Final = 0.4


class VaspEngine(Engine):
    """VASP with a protocol of ``VASP_PROTOCOLS``; only calculations tell how long they take."""

    name = "vasp"
    capabilities = frozenset({"energy", "forces", "stress", "magmoms", "dos", "density", "inputs"})
    program = Program("VASP", "ATOMATE2_VASP_CMD")

    def __init__(self, settings: recipe.EngineChoice) -> None:
        self.protocol = settings.protocol
        self.settings = vasp_protocol(
            settings.protocol, settings.overrides, checked_tags(settings.incar, "engine.incar")
        )
        self.oxygen = _oxygen(self.settings)
        self.no_crossings = why_no_crossings(self.settings.force_tolerance)
        self._overrides = settings.overrides

    def maker(self, kind: CalculationKind) -> VaspCalculation:
        """Return the maker of one kind of calculation."""
        from llo_dft.engines.vasp.vasp_calculation import VaspCalculation  # noqa: PLC0415 (seconds to import)

        values = self._here.model_dump()
        if not values["incar"]:
            del values["incar"]
        return VaspCalculation(kind=kind, protocol=self.protocol, values=values)

    @cached_property
    def _here(self) -> VaspProtocol:
        """The settings with the tags of atomate2's own, which a recipe's override."""
        tags = machine_tags() | self.settings.incar
        return self.settings.model_copy(update={"incar": tags})

    @property
    def added(self) -> list[str]:
        """What the user's own tags add to the protocol, a line each."""
        return told(self._here.incar)

    def check(self, structures: Iterable[Structure]) -> None:
        """Refuse settings that do not suit the structures of a study.

        ``structures`` are of every system: bulk, slabs, interfaces, molecules and metals.

        Raises ``EngineError`` if an element has no pseudopotential, a U was given for an element
        that none of them has, the cutoff is too low, or one of them can't be computed as it is.
        """
        cells = list(structures)
        elements = sorted({site.specie.symbol for cell in cells for site in cell})
        for element in elements:
            potcar_of(element)
        check_asked_u(self._overrides, elements)
        check_cutoff(elements, self.settings)
        for cell in cells:
            self._check_cell(cell)

    def check_machine(self, structures: Iterable[Structure]) -> None:
        """Refuse a machine without VASP, or without the pseudopotentials of some structures.

        Raises ``EngineError``, naming what is missing and how it is made known.
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
        return write_inputs(structure, kind, self._here, folder)

    def cost(self, structure: Structure, kind: CalculationKind, n_steps: float) -> Cost:
        """Return what a calculation costs, in core-seconds if a step was timed (``cycle_cost``)."""
        sizes = (size_of(structure, kind, stage, self._here) for stage in stages(structure, kind))
        return cost_of(sizes, n_steps, TimedCycle.here())

    @classmethod
    def calibrated(cls, run: Path) -> Finding:
        """Return the electronic step of a finished run, and the variable that makes it known."""
        timed, n_cycles = timed_in(run)
        return Finding(
            "VASP's electronic step",
            "ok",
            f"{timed.core_s:.4g} core-s, median of {n_cycles}, with {timed.n_plane_waves:.0f} "
            f"plane waves, {timed.n_bands} bands, {timed.n_k_points} k-points, "
            f"{timed.n_spins} spins",
            f"for core-hours in 'submit --dry-run': export {VARIABLE}={timed.text}",
        )

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
        incar(cell, kind, "relax", self._here)
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
