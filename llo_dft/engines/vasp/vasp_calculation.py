"""The maker of VASP calculations. Importing it takes seconds: atomate2 comes with it."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from atomate2.vasp.jobs.base import BaseVaspMaker
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import EngineError, Outcome, ReadBack, StartFrom
from llo_dft.engines.vasp.finished_calculation import read_back
from llo_dft.engines.vasp.inputs import fingerprint_of
from llo_dft.engines.vasp.installation import check_potcars, check_program
from llo_dft.engines.vasp.protocols import VaspProtocol
from llo_dft.engines.vasp.user_tags import checked_tags, deciding, on_this_machine
from llo_dft.typing import CalculationKind, MagneticOrder

#: Counts up whenever a rule of ``incar`` or ``inputs`` changes what is computed, so that
#: results of the old rule are not taken for those of the new one.
RULES: Final = 2

_INCAR: Final = "user_incar_settings"

#: What atomate2's powerups set on a maker and is not accepted: the powerup, and the reason.
_REFUSED: Final = {
    "user_kpoints_settings": (
        "update_user_kpoints_settings",
        "meshes follow from one spacing for all cells of a study; take engine.overrides.k_spacing",
    ),
    "user_potcar_settings": (
        "update_user_potcar_settings",
        "pseudopotentials are those that U and O2 schemes were fitted with, one for each element",
    ),
    "user_potcar_functional": (
        "update_user_potcar_functional",
        "pseudopotentials are those that U and O2 schemes were fitted with, of the set PBE_54",
    ),
    "auto_ispin": ("use_auto_ispin", "all calculations of a study have two spins"),
    "run_vasp_kwargs": (
        "update_vasp_custodian_handlers",
        "which errors are repaired is chosen so that no repair changes what is computed",
    ),
    "task_document_kwargs": (
        "add_metadata_to_flow",
        "there is no task document; take jobflow's flow.update_metadata",
    ),
}


@dataclass
class VaspCalculation(BaseVaspMaker):
    """One kind of calculation by VASP. Implements ``CalculationMaker``.

    It is one of atomate2's makers so that its powerups find it. ``update_user_incar_settings`` adds
    tags as [engine.incar] does; every other powerup is refused by its name.

    Raises ``EngineError`` when it is made, if a powerup asks for what is not accepted.
    """

    name: str = ""
    """What ``name_filter`` of a powerup is compared with: "vasp", and the kind."""
    input_set_generator: dict[str, Any] = field(default_factory=dict)
    """What a powerup asks for; its tags are moved to ``values``."""
    kind: CalculationKind = "slab_relax"
    protocol: str = "balanced"
    """kind, protocol: what is computed, and the name of the protocol."""
    values: dict[str, Any] = field(default_factory=dict)
    """All of the protocol's settings, with the recipe's overrides."""
    version: str = ""
    """VASP's version that the study's other calculations are of, as vasprun.xml has it; empty: any.
    It bears on no key: results of another one are refused."""

    def __post_init__(self) -> None:
        """Take over what a powerup asks for, or refuse it."""
        self.name = self.name or f"vasp {self.kind}"
        asked = self.input_set_generator
        if not isinstance(asked, dict):
            raise EngineError(
                f"input_set_generator = {type(asked).__name__} is not accepted: inputs follow from "
                "the protocol; run atomate2's own makers through llo_dft.engines.any_maker"
            )
        given = [name for name in asked if name != _INCAR]
        given += [name for name in ("run_vasp_kwargs", "task_document_kwargs") if vars(self)[name]]
        for name in given:
            powerup, why = _REFUSED.get(name, ("update_vasp_input_generators", "protocols decide"))
            raise EngineError(f"{powerup} ({name}) does not act on llo_dft's VASP makers: {why}")
        tags = checked_tags(asked.get(_INCAR, {}), "update_user_incar_settings")
        if tags:
            self.values = self.values | {"incar": self.values.get("incar", {}) | tags}
        self.input_set_generator = {}

    def make(self, *_: object, **__: object) -> NoReturn:
        """Raise ``EngineError``: this maker has no job of its own."""
        raise EngineError(
            "VaspCalculation makes no job by itself; llo_dft.jobs.calculate.calculate(structure, "
            "maker, label, folder) does"
        )

    @property
    def magnetic_order(self) -> MagneticOrder:
        """How the moments start that the job puts onto a structure."""
        return self._protocol.magnetic_order

    @property
    def electron_placements(self) -> int:
        """How many placements of a removed O's electrons on the metals beside it are tried."""
        return self._protocol.electron_placements

    @property
    def _protocol(self) -> VaspProtocol:
        return VaspProtocol(**self.values)

    def settings(self) -> dict[str, Any]:
        """Return every setting that bears on the result."""
        found = {"rules": RULES, "grid": None, **self.values}  # keys of before have a grid
        tags = deciding(found.pop("incar", {}))
        return found | {"incar": tags} if tags else found

    def held_to(self, version: str) -> Self:
        """Return the maker that ends a run of another version than this as soon as it is seen."""
        return replace(self, version=version)

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return what VASP's output will say of the settings; its version is not known yet."""
        return fingerprint_of(structure, self.kind, self._protocol)

    def calculate(
        self, structure: Structure, folder: Path, start_from: StartFrom | None = None
    ) -> Outcome:
        """Run VASP in ``folder``, and leave its files there.

        Raises ``CalculationError`` if it did not converge, failed, or was stopped for the wall
        time; ``EngineError`` if VASP or a pseudopotential is missing, or the settings do not suit
        the structure or the machine's.
        """
        from llo_dft.engines.vasp.running.run_task import VaspTask, run_task  # noqa: PLC0415 (only a worker)

        check_program()
        check_potcars(site.specie.symbol for site in structure)
        protocol = self._protocol
        protocol = protocol.model_copy(update={"incar": on_this_machine(protocol.incar)})
        task = VaspTask(structure, self.kind, protocol, start_from, self.version)
        return run_task(task, folder)

    def read_back(self, folder: Path) -> ReadBack:
        """Return what VASP's own files say of a finished calculation.

        Raises ``VaspFileError`` if a file is damaged, or there is no vasprun.xml.
        """
        return read_back(folder)
