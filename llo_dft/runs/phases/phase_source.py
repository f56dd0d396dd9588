"""The source of a diagram's energies, and the elements that a phase needs."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pymatgen.core.structure import Structure

from llo_dft.analysis.stability.known_phases import competing_phases
from llo_dft.analysis.stability.phase_diagrams import StabilityError, find_phase, formula_of
from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy
from llo_dft.engines.base import Engine
from llo_dft.runs.phases.computed_phases import computed_phases
from llo_dft.runs.phases.entries_file import materials_project_phases, read_entries
from llo_dft.runs.phases.vasp_phases import vasp_phases


@dataclass
class PhaseSource:
    """Where the energies of phases come from.

    Attributes
    ----------
    entries, runs, materials_project
        A file of entries, folders of VASP runs, or whether to ask the Materials Project: one of
        these, otherwise the engine computes.
    allow
        Settings that may differ between VASP runs.
    engine, folder
        The engine, and where its calculations are kept.
    progress
        Called with the name of each phase that the engine computes.
    own
        The user's structures by name, which the engine computes too.
    fixed
        Phases that the same engine has already computed, by name.
    """

    entries: Path | None = None
    runs: Sequence[Path] = ()
    materials_project: bool = False
    allow: Collection[str] = ()
    engine: Engine | None = None
    folder: Path = Path("phases")
    progress: Callable[[str], None] = lambda _: None
    own: dict[str, Structure] = field(default_factory=dict)
    fixed: dict[str, PhaseEnergy] = field(default_factory=dict)
    _known: dict[tuple[str, ...], PhaseEnergies] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse two sources: their energies don't belong in one diagram."""
        given = [self.entries is not None, bool(self.runs), self.materials_project]
        if sum(given) > 1:
            raise StabilityError(
                "a diagram has one source of energies: give --entries, --runs or "
                "--materials-project, or none of them for an engine"
            )
        self._fixed: PhaseEnergies | None = None
        if self.entries is not None:
            self._fixed = read_entries(self.entries)
        elif self.runs:
            self._fixed = vasp_phases(self.runs, self.allow)

    def name_of(self, asked: str) -> str:
        """Return the name of a phase; a CIF file becomes a phase named by its stem."""
        if not asked.endswith(".cif"):
            return asked
        if self._fixed is not None or self.materials_project:
            raise StabilityError(f"{asked}: only an engine computes a CIF file; give a formula")
        path = Path(asked)
        try:
            self.own[path.stem] = Structure.from_file(path)
        except (ValueError, OSError, AssertionError) as error:
            raise StabilityError(f"{asked} can't be read as a crystal: {error}") from error
        return path.stem

    def elements_of(self, name: str) -> set[str]:
        """Return the elements of a phase."""
        if self._fixed is not None:
            return set(find_phase(self._fixed, name).composition)
        if name in self.fixed:
            return set(self.fixed[name].composition)
        if name in self.own:
            return {element.symbol for element in self.own[name].composition}
        about = competing_phases().get(name)
        found = formula_of(name if about is None else about["formula"])
        if found is None:
            raise StabilityError(
                f"{name!r} is not a formula, a CIF file or a structure of this package"
            )
        return {element.symbol for element in found}

    def energies(self, elements: Collection[str]) -> PhaseEnergies:
        """Return all phases of some elements."""
        if self._fixed is not None:
            return self._fixed
        system = tuple(sorted(elements))
        if system not in self._known:
            self._known[system] = self._found(system)
        return self._known[system]

    def _found(self, system: tuple[str, ...]) -> PhaseEnergies:
        if self.materials_project:
            return materials_project_phases(system)
        if self.engine is None:
            raise StabilityError("there is neither a file of entries, nor runs, nor an engine")
        inside = {
            name: structure
            for name, structure in self.own.items()
            if {element.symbol for element in structure.composition} <= set(system)
        }
        found = computed_phases(self.engine, self.folder, system, inside, self.progress)
        also = [one for one in self.fixed.values() if set(one.composition) <= set(system)]
        return found.model_copy(update={"phases": [*found.phases, *also]})
