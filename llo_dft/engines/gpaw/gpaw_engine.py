"""GPAW, plane waves and PAW, with one protocol for every calculation of a study."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from monty.json import MSONable
from pymatgen.core.structure import Structure

from llo_dft import recipe
from llo_dft.chemistry.element_table import MATERIALS_PROJECT_U_EV
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Finding
from llo_dft.documents.oxygen import schemes_not_fitted
from llo_dft.engines.base import Engine, EngineError, Outcome, OxygenReference, ReadBack, StartFrom
from llo_dft.engines.gpaw.gpaw_files import read_back
from llo_dft.engines.gpaw.gpaw_program import PROGRAM, command, installed_gpaw
from llo_dft.engines.gpaw.gpaw_protocols import GpawProtocol, gpaw_protocol
from llo_dft.engines.gpaw.projected_states import GpawElectrons
from llo_dft.engines.gpaw.run_input import check_place, fingerprint_of, run_input
from llo_dft.engines.named_settings import check_asked_u, why_no_crossings
from llo_dft.typing import CalculationKind, MagneticOrder

#: Counts up whenever a rule of ``run_input`` or the driver changes what is computed, so that
#: results of the old rule are not taken for those of the new one.
RULES: Final = 1


@dataclass
class GpawCalculation(MSONable):
    """One kind of calculation by GPAW. Implements ``MagneticMaker``.

    ``kind`` is what is computed, ``protocol`` a name, and ``values`` are all of its settings, with
    the recipe's overrides.
    """

    kind: CalculationKind
    protocol: str
    values: dict[str, Any] = field(default_factory=dict)
    electrons: bool = True
    """Whether a static calculation writes its states, density and potential; in no key."""

    @property
    def magnetic_order(self) -> MagneticOrder:
        """How the moments start that the job puts onto a structure."""
        return self._protocol.magnetic_order

    @property
    def electron_placements(self) -> int:
        """How many placements of a removed O's electrons on the metals beside it are tried."""
        return self._protocol.electron_placements

    @property
    def _protocol(self) -> GpawProtocol:
        return GpawProtocol(**self.values)

    def settings(self) -> dict[str, Any]:
        """Return every setting that bears on the result."""
        return {"rules": RULES, **self.values}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return all that decides the energy; the command is asked for its GPAW and PAW data.

        Raises ``EngineError`` if GPAW or PAW data are missing, or the settings do not suit the
        structure.
        """
        return fingerprint_of(structure, self.kind, self._protocol, installed_gpaw())

    def calculate(
        self, structure: Structure, folder: Path, start_from: StartFrom | None = None
    ) -> Outcome:
        """Run GPAW in ``folder``, and leave its files there.

        It begins with the moments of the structure: from the files of another calculation GPAW
        can't begin one with fewer atoms. A static calculation of just what another one ended with
        takes its electrons as they are.

        Raises ``CalculationError`` if it did not converge, failed, or was stopped for the wall
        time; ``EngineError`` if GPAW or PAW data are missing, or the settings do not suit the
        structure.
        """
        from llo_dft.engines.gpaw.run_program import run_program, same_point  # noqa: PLC0415 (only a worker)

        given = run_input(
            structure, self.kind, self._protocol, installed_gpaw(), electrons=self.electrons
        )
        if start_from is not None and start_from.density:
            given["electrons_from"] = same_point(start_from.folder, given)
        return run_program(structure, given, folder)

    def read_back(self, folder: Path) -> ReadBack:
        """Return what GPAW's own parameters and numbers say of a finished calculation.

        Raises ``GpawFileError`` if a file is missing or damaged.
        """
        return read_back(folder)


class GpawEngine(Engine):
    """GPAW with a protocol of ``GPAW_PROTOCOLS``; only calculations tell how long they take."""

    name = "gpaw"
    capabilities = frozenset({"energy", "forces", "stress", "magmoms", "dos", "density"})
    program = PROGRAM

    def __init__(self, settings: recipe.EngineChoice) -> None:
        self.protocol = settings.protocol
        self.settings = gpaw_protocol(settings.protocol, settings.overrides)
        self.oxygen = _oxygen(self.settings)
        self.no_crossings = why_no_crossings(self.settings.force_tolerance)
        self._overrides = settings.overrides

    def maker(self, kind: CalculationKind) -> GpawCalculation:
        """Return the maker of one kind of calculation."""
        return GpawCalculation(kind, self.protocol, self.settings.model_dump())

    def point_maker(self) -> GpawCalculation:
        """Return the maker of a point; writing electrons takes a tenth of a slab's time."""
        return replace(self.maker("static"), electrons=False)

    def check(self, structures: Iterable[Structure]) -> None:
        """Refuse settings that do not suit the structures of a study.

        Raises ``EngineError`` if a U was given for an element that none of them has, or the vacuum
        of a slab is not where it is wanted.
        """
        cells = list(structures)
        check_asked_u(self._overrides, (site.specie.symbol for cell in cells for site in cell))
        for cell in cells:
            is_oxygen = cell.composition.reduced_formula == "O2"
            check_place(cell, "molecule_relax" if is_oxygen else "slab_relax")

    def check_machine(self, structures: Iterable[Structure]) -> None:
        """Refuse a machine without GPAW, or without the PAW data of some structures.

        Raises ``EngineError``, naming what is missing and how it is installed or made known.
        """
        found = installed_gpaw()
        for element in sorted({site.specie.symbol for cell in structures for site in cell}):
            found.data_of(element)

    def electrons(self, folder: Path) -> GpawElectrons:
        """Return the electrons of the static calculation in a folder."""
        return GpawElectrons(folder)

    @classmethod
    def installed(cls, name: str) -> list[Finding]:
        """Return GPAW's command, version and PAW data."""
        del name
        what = "GPAW"
        try:
            found = installed_gpaw()
        except EngineError as error:
            text, _, remedy = str(error).partition(": ")
            return [Finding(what, "optional", text, remedy)]
        starts = f"{' '.join(command())!r} on {found.ranks} rank{'s' * (found.ranks > 1)}"
        data = f"PAW data of {len(found.paw_data)} elements"
        return [Finding(what, "ok", f"{found.gpaw} by {starts}, {data}")]


def _oxygen(protocol: GpawProtocol) -> OxygenReference:
    """Return which O2 schemes may be borrowed: they were fitted to VASP's PBE and PBE+U."""
    return OxygenReference(
        label_energy_ev_per_atom=None,
        source=(
            f"O2 by GPAW itself, {protocol.functional}; wang2006 and mp2020 were fitted to "
            "energies of VASP with its own U, and are borrowed"
        ),
        refused=schemes_not_fitted(
            protocol.functional, protocol.u_values_ev, MATERIALS_PROJECT_U_EV, dispersion=""
        ),
    )
