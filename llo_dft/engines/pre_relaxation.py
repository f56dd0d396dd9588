"""A potential relaxes first, and a program goes on from there: one calculation of a study.

With protocol "fast" the program computes one point of the potential's geometry; with the others it
relaxes on. Molecules are left to the program: potentials know little of O2, and it is cheap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self, cast

import numpy as np
from jobflow import Maker
from pymatgen.core.structure import Structure

from llo_dft import recipe
from llo_dft.chemistry.element_table import LOW_SPIN_START
from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import (
    CalculationMaker,
    Cost,
    Engine,
    EngineError,
    InputSize,
    MagneticMaker,
    Outcome,
    ProgramMaker,
    ReadBack,
    StartFrom,
    moved_to,
)
from llo_dft.engines.calculated_electrons import CalculatedElectrons
from llo_dft.engines.finished_study import FinishedRelaxation, words_of
from llo_dft.typing import CalculationKind, MagneticOrder

#: Protocol of the program with which it computes one point and relaxes nothing.
ONE_POINT: Final = "fast"

#: Where the potential's files are, in a calculation's folder.
_FOLDER: Final = "pre_relaxation"


@dataclass
class PreRelaxedCalculation(Maker):
    """A relaxation by one maker, and what another makes of its structure. A ``PreRelaxingMaker``.

    ``kind`` is what is computed, ``protocol`` the name of the program's; ``first`` and ``then`` are
    the makers of the potential and of the program.
    """

    kind: CalculationKind
    protocol: str
    first: CalculationMaker
    then: MagneticMaker

    @property
    def magnetic_order(self) -> MagneticOrder:
        """How the moments start: the program's."""
        return self.then.magnetic_order

    @property
    def electron_placements(self) -> int:
        """How many placements of a removed O's electrons are tried: the program's."""
        return self.then.electron_placements

    def potential_for(self, structure: Structure) -> CalculationMaker | None:
        """Return what tells which of several geometries of a structure is the lowest.

        None where a finished study has it.
        """
        if not isinstance(self.first, FinishedRelaxation):
            return self.first
        return None if self.first.has(structure) else self.first.otherwise

    def held_to(self, version: str) -> Self:
        """Return the maker whose program is ended if it is of another version than this."""
        if not isinstance(self.then, ProgramMaker):
            return self
        return replace(self, then=cast("MagneticMaker", self.then.held_to(version)))

    def settings(self) -> dict[str, Any]:
        """Return every setting of both."""
        first = {"protocol": self.first.protocol, **self.first.settings()}
        return {"pre_relaxation": first, "then": self.then.kind, **self.then.settings()}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return that of the program, with the potential, its version and weights in one setting.

        A molecule is relaxed without, so it stands among what such a reference has of its own.
        """
        found = self.then.fingerprint(structure)
        name = "RELAXED_BY" if self.then.kind == "static" else "RELAXED_FIRST_BY"
        own = found.own_settings | {name: words_of(self.first.fingerprint(structure))}
        return found.model_copy(update={"own_settings": own})

    def calculate(
        self, structure: Structure, folder: Path, start_from: StartFrom | None = None
    ) -> Outcome:
        """Relax by the potential in a folder of its own, and go on by the program in ``folder``.

        Raises ``CalculationError`` if either fails.
        """
        where = folder / _FOLDER
        where.mkdir()
        bare = structure.copy()
        if "magmom" in bare.site_properties:  # where the program's electrons begin
            bare.remove_site_property("magmom")
        relaxed = self.first.calculate(bare, where)
        begun = structure.site_properties
        if isinstance(self.first, FinishedRelaxation) and start_from is None:
            begun = begun | _moments(structure, relaxed.magmoms_mu_b)
        coords = relaxed.structure.frac_coords
        if self.kind != "bulk_relax":
            # nothing holds a slab in its vacuum: one drifted 9 angstrom, into the dipole layer
            moves = coords - structure.frac_coords
            moves = moves - np.angle(np.exp(2j * np.pi * moves).mean(axis=0)) / (2 * np.pi)
            coords = structure.frac_coords + moves - np.round(moves)
        placed = moved_to(structure.copy(site_properties=begun), relaxed.structure.lattice, coords)
        outcome = self.then.calculate(placed, folder, start_from)
        after = f"{outcome.n_steps} by {self.then.fingerprint(structure).engine}"
        if self.then.kind == "static":
            after = "a single point there"
        before = f"relaxed in {relaxed.n_steps} steps by {self.first.fingerprint(structure).engine}"
        if isinstance(self.first, FinishedRelaxation):
            before = "; ".join(relaxed.notes)
        files = [f"{_FOLDER}/{path.name}" for path in sorted(where.iterdir()) if path.is_file()]
        return replace(
            outcome,
            n_pre_steps=relaxed.n_steps,
            notes=[*outcome.notes, f"{before}, then {after}"],
            output_files=[*outcome.output_files, *files],
        )

    def read_back(self, folder: Path) -> ReadBack | None:
        """Return what the program's files say."""
        return self.then.read_back(folder)


def _moments(structure: Structure, found: Sequence[float] | None) -> dict[str, list[float]]:
    """Return the moments to begin with: those of a finished study, in the formal direction.

    A potential predicts sizes alone. None becomes smaller than the formal one and
    ``LOW_SPIN_START``, since a moment that begins at zero stays there.
    """
    formal = structure.site_properties.get("magmom")
    if found is None or formal is None:
        return {}
    sizes = np.maximum(np.abs(found), np.minimum(np.abs(formal), LOW_SPIN_START))
    return {"magmom": np.copysign(sizes, formal).tolist()}


class PreRelaxedEngine(Engine):
    """An engine that starts a program, with a potential that relaxes before it does."""

    def __init__(self, settings: recipe.EngineChoice, potential: Engine, engine: Engine) -> None:
        self.name, self.protocol = engine.name, settings.protocol
        self.capabilities, self.oxygen = engine.capabilities, engine.oxygen
        self.program = engine.program  # type: ignore[misc]  # the program's engine is known only now
        self.no_crossings, self.known_bias = engine.no_crossings, engine.known_bias
        # a potential may be all that relaxes; a finished study is where slabs begin
        self._quick = settings.protocol == ONE_POINT
        self._one_point = self._quick and settings.start_from is None
        if self._one_point:
            self.no_crossings = (
                f"protocol {ONE_POINT!r} computes single points on a potential's geometry"
            )
        self._potential, self._engine = potential, engine

    def maker(self, kind: CalculationKind) -> CalculationMaker:
        """Return the maker of one kind of calculation."""
        if kind in {"molecule_relax", "static"}:
            return self._engine.maker(kind)
        then = self._engine.point_maker() if self._one_point else self._engine.maker(kind)
        if not isinstance(then, MagneticMaker):
            raise EngineError(f"engine.pre_relax does not go with engine {self.name}")
        return PreRelaxedCalculation(kind, self.protocol, self._potential.maker(kind), then)

    def geometry_maker(self, kind: CalculationKind) -> CalculationMaker:
        """Return the maker of a structure whose energy is of no use: the potential's, if it can.

        Of a finished study's structure the program computes one point: relaxing the cell of the
        cathode costs more than all slabs cut from it, which had that cell there.
        """
        if self._one_point:
            return self._potential.maker(kind)
        made = self.maker(kind)
        if self._quick and isinstance(made, PreRelaxedCalculation):
            made.then = cast("MagneticMaker", self._engine.point_maker())
        return made

    @property
    def added(self) -> Sequence[str]:
        """What the user's own settings add to the program's protocol."""
        return self._engine.added

    def check(self, structures: Iterable[Structure]) -> None:
        """Refuse structures that either can't compute."""
        cells = list(structures)
        self._potential.check(cells)
        self._engine.check(cells)

    def check_machine(self, structures: Iterable[Structure]) -> None:
        """Refuse a machine that lacks what either needs."""
        cells = list(structures)
        self._potential.check_machine(cells)
        self._engine.check_machine(cells)

    def remarks(self, lithium_fraction: float) -> list[str]:
        """Return what the program's engine says of a study down to that lithium fraction."""
        return self._engine.remarks(lithium_fraction)

    def cost(self, structure: Structure, kind: CalculationKind, n_steps: float) -> Cost | None:
        """Return what the program's part costs, in as many steps as alone."""
        return self._engine.cost(structure, kind, n_steps)

    def write_inputs(
        self, structure: Structure, kind: CalculationKind, folder: Path
    ) -> list[InputSize]:
        """Write the program's input files, of the structure before any relaxation."""
        return self._engine.write_inputs(structure, kind, folder)

    def electrons(self, folder: Path) -> CalculatedElectrons:
        """Return the electrons of the static calculation in a folder."""
        return self._engine.electrons(folder)
