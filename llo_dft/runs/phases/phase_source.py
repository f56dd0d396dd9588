"""The source of a diagram's energies, and the elements that a phase needs."""

import tomllib
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from llo_dft.analysis.comparability.subtractable import (
    Differences,
    check_metal,
    check_molecule,
    check_systems,
)
from llo_dft.analysis.stability.phase_diagrams import find_phase, formula_of
from llo_dft.builders.reference_cells import lithium_metal, o2_in_box
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy
from llo_dft.engines.base import Engine
from llo_dft.errors import InputError
from llo_dft.jobs.calculate import calculate
from llo_dft.resources import load_structure, resource_path
from llo_dft.runs.phases.entries_file import materials_project_phases, read_entries
from llo_dft.runs.plain_runs import PlainRun, compare_runs, read_plain_run
from llo_dft.typing import CalculationKind

#: How each kind of run is compared with the first compound.
_CHECKS: Final = {"O2": check_molecule, "element": check_metal, "compound": check_systems}


def known_formulas() -> list[str]:
    """Return the formulas that a complete diagram has (``structures/competing/KNOWN.toml``)."""
    found: list[str] = _table("competing/KNOWN.toml")["formulas"]
    return found


def competing_phases() -> dict[str, dict[str, Any]]:
    """Return the data of each structure that ships with the package, by name.

    Those of ``structures/`` and of ``structures/competing/``; each has ``file`` and ``formula``,
    and ``kind = "molecule"`` if it is one molecule in a box.
    """
    return _table("PROVENANCE.toml") | _table("competing/PHASES.toml")


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resource_path("structures", name).read_text(encoding="utf-8"))


@dataclass
class PhaseSource:
    """Where the energies of phases come from."""

    entries: Path | None = None
    runs: Sequence[Path] = ()
    materials_project: bool = False
    """entries, runs, materials_project: A file of entries, folders of VASP runs, or whether to ask
    the Materials Project: one of these, otherwise the engine computes."""
    allow: Collection[str] = ()
    """Settings that may differ between VASP runs."""
    engine: Engine | None = None
    folder: Path = Path("phases")
    """engine, folder: the engine, and where its calculations are kept."""
    progress: Callable[[str], None] = lambda _: None
    """Called with the name of each phase that the engine computes."""
    own: dict[str, Structure] = field(default_factory=dict)
    """The user's structures by name, which the engine computes too."""
    fixed: dict[str, PhaseEnergy] = field(default_factory=dict)
    """Phases that the same engine has already computed, by name."""
    _known: dict[tuple[str, ...], PhaseEnergies] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse two sources: their energies don't belong in one diagram."""
        given = [self.entries is not None, bool(self.runs), self.materials_project]
        if sum(given) > 1:
            raise InputError(
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
            raise InputError(f"{asked}: only an engine computes a CIF file; give a formula")
        path = Path(asked)
        try:
            self.own[path.stem] = Structure.from_file(path)
        except (ValueError, OSError, AssertionError) as error:
            raise InputError(f"{asked} can't be read as a crystal: {error}") from error
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
            raise InputError(
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
            raise InputError("there is neither a file of entries, nor runs, nor an engine")
        inside = {
            name: structure
            for name, structure in self.own.items()
            if {element.symbol for element in structure.composition} <= set(system)
        }
        found = computed_phases(self.engine, self.folder, system, inside, self.progress)
        also = [one for one in self.fixed.values() if set(one.composition) <= set(system)]
        return found.model_copy(update={"phases": [*found.phases, *also]})


def vasp_phases(paths: Sequence[Path], allow: Collection[str] = ()) -> PhaseEnergies:
    """Read one finished run for each phase, and refuse runs that are not comparable.

    All are compared with the first compound: compounds by all settings and the density of
    k-points, elements as references, O2 as a triplet.

    Raises ``InputError`` if one has no energy, or settings differ that ``allow`` does not name.
    """
    runs = [read_plain_run(path, "bulk_relax", moment=True) for path in paths]
    for run in runs:
        if run.completed is None:
            raise InputError(f"{run.path} has no energy: {run.calculation.reason}")
    compounds = [run for run in runs if len(_composition(run)) > 1]
    if not compounds:
        raise InputError("none of the runs is of a compound; give one for each phase")
    first = compounds[0]
    differences = Differences(allow)
    for run in runs:
        if run is first:
            continue
        symbols = set(_composition(run))
        kind = "O2" if symbols == {"O"} else "element" if len(symbols) == 1 else "compound"
        compare_runs(differences, _CHECKS[kind], first, run)
    phases = [
        PhaseEnergy(
            name=run.path,
            composition=_composition(run),
            energy_ev=run.calculation.energy_ev or 0.0,
        )
        for run in runs
    ]
    notes = [*differences.allowed, *differences.named, *(n for run in runs for n in run.notes)]
    return PhaseEnergies(
        source=f"{len(runs)} VASP runs", corrections="raw", phases=phases, notes=notes
    )


def _composition(run: PlainRun) -> dict[str, float]:
    if run.structure is None:
        raise InputError(f"{run.path} has no structure")
    return run.structure.composition.get_el_amt_dict()


def computed_phases(
    engine: Engine,
    folder: Path,
    elements: Collection[str],
    own: Mapping[str, Structure] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> PhaseEnergies:
    """Relax every phase of some elements and return the uncorrected energies.

    Engine, model and protocol are the same for all; a phase in ``folder`` is not computed again.
    ``own`` are the user's phases by name, in addition to those of the package. ``progress`` is
    called with the name of each phase before it is computed. Phases that could not be computed are
    named in the notes and left out.
    """
    wanted = set(elements)
    cells: dict[str, tuple[Structure, CalculationKind]] = {"Li": (lithium_metal(), "bulk_relax")}
    if "O" in wanted:
        cells["O2"] = (o2_in_box(), "molecule_relax")
    for name, about in competing_phases().items():
        if {element.symbol for element in Composition(about["formula"])} <= wanted:
            molecule = about.get("kind") == "molecule"
            with warnings.catch_warnings():  # thirds are made exact
                warnings.filterwarnings("ignore", "Issues encountered while parsing CIF")
                structure = load_structure(about["file"])
            cells[name] = (
                (structure, "molecule_relax")
                if molecule
                else (structure.get_primitive_structure(), "bulk_relax")
            )
    cells |= {name: (structure, "bulk_relax") for name, structure in (own or {}).items()}
    found, notes = [], []
    label = engine.oxygen.label_energy_ev_per_atom
    for name, (structure, kind) in cells.items():
        progress(name)
        document: CalculationDocument = calculate.original(
            structure, engine.maker(kind), f"phase {name}", str(folder.absolute())
        )
        if document.energy_ev is None or document.structure is None:
            notes.append(f"{name} is left out: {document.status}, {document.reason}")
            continue
        found.append(
            PhaseEnergy(
                name=name,
                composition=document.structure.composition.get_el_amt_dict(),
                energy_ev=2 * label if label is not None and name == "O2" else document.energy_ev,
            )
        )
    if label is not None and "O" in wanted:
        notes.append(f"O2 is {engine.oxygen.source}: {label:.3f} eV per atom")
    fingerprint = engine.maker("bulk_relax").fingerprint(lithium_metal())
    model = f" {fingerprint.model}" if fingerprint.model else ""
    source = f"{engine.name}{model}, protocol {engine.protocol}"
    return PhaseEnergies(source=source, corrections="raw", phases=found, notes=notes)
