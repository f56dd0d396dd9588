"""Engines that are machine-learned potentials, through atomate2's force-field maker."""

import os
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator
from monty.json import MSONable
from pymatgen.core.structure import Structure

from llo_dft import recipe
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Finding
from llo_dft.engines.base import Engine, EngineError, Outcome, moved_to
from llo_dft.engines.named_settings import why_no_crossings, with_overrides
from llo_dft.engines.potentials.known_potentials import (
    Potential,
    known_potential,
    models_of,
    package_version,
    require_package,
    weights_sha256,
)
from llo_dft.engines.potentials.own_calculator import (
    OWN,
    check_allowed,
    is_allowed,
    potential_of,
    version_of,
)
from llo_dft.engines.potentials.presets import FORCE_FIELD_PROTOCOLS, RelaxationProtocol
from llo_dft.engines.potentials.spring_optimizer import SpringBFGS
from llo_dft.errors import CalculationError
from llo_dft.typing import CalculationKind, Capability

#: scipy's warning at every step of a cell; errors below 1e-9 of a strain are of no account here.
_ROUNDING_OF_LOGM = r"logm result may be inaccurate, approximate err = \S+e-[1-9]\d"


@dataclass
class ForceFieldCalculation(MSONable):
    """Relaxation of one structure by a potential. Implements ``CalculationMaker``."""

    kind: CalculationKind
    protocol: str
    potential: str
    model: str
    device: str
    relaxation: dict[str, Any] = field(default_factory=dict)

    @property
    def relaxes_cell(self) -> bool:
        """Whether the lattice moves too; only then is the stress computed."""
        return self.kind == "bulk_relax"

    def settings(self) -> dict[str, Any]:
        """Return every setting that bears on the result."""
        return {"relaxes_cell": self.relaxes_cell, **self.relaxation}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return engine, version, model, weights and functional; the same for every structure."""
        del structure  # a potential has no settings that depend on the elements
        known = potential_of(self.potential, self.model)
        weights = weights_sha256(known)
        return Fingerprint(
            engine=self.potential,
            engine_version=version_of(self.potential, known),
            model=known.model,
            functional=known.functional,
            settings={} if weights is None else {"weights_sha256": weights},
        )

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Relax with atomate2's force-field maker; leaves ``relaxation.traj`` in the folder.

        With a rattle, the relaxed slab is displaced at random and relaxed again (``rattled.traj``),
        and the lower of the two counts: a first minimum may be a saddle point that the symmetry
        of the start holds together, or a poor place that a soft push leaves.
        """
        import torch  # noqa: PLC0415 (seconds to import; only a worker needs it)

        if "OMP_NUM_THREADS" in os.environ:
            torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        settings = RelaxationProtocol(**self.relaxation)
        first = lower = self._relax(structure, settings, folder / "relaxation.traj")
        n_steps, n_evaluations, gain = first.n_steps, first.n_evaluations, None
        if settings.rattle and self.kind == "slab_relax":
            start = _rattled(first.structure, settings.rattle, settings.rattle_seed)
            second = self._relax(start, settings, folder / "rattled.traj")
            n_steps, n_evaluations = n_steps + second.n_steps, n_evaluations + second.n_evaluations
            gain = first.energy_ev - second.energy_ev
            lower = second if gain > 0 else first
        return replace(
            lower,
            structure=moved_to(structure, lower.structure.lattice, lower.structure.frac_coords),
            n_steps=n_steps,
            n_evaluations=n_evaluations,
            rattle_gain_ev=gain,
        )

    def _relax(self, structure: Structure, settings: RelaxationProtocol, path: Path) -> Outcome:
        """Relax once, and write the trajectory to a file."""
        from atomate2.forcefields.jobs import ForceFieldRelaxMaker  # noqa: PLC0415 (torch)

        known = self._allowed()
        tolerance = settings.cell_force_tolerance if self.relaxes_cell else settings.force_tolerance
        maker = ForceFieldRelaxMaker(
            force_field_name=known.atomate2_name,
            calculator_kwargs=self._calculator_arguments(known),
            relax_cell=self.relaxes_cell,
            steps=settings.max_steps,
            relax_kwargs={
                "fmax": tolerance,
                "traj_file": str(path),
                "final_atoms_object_file": None,
                "use_emmet_models": False,
            },
            optimizer_kwargs={
                "optimizer": SpringBFGS if settings.optimizer == "springs" else settings.optimizer
            },
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", _ROUNDING_OF_LOGM, RuntimeWarning)
            result = maker.run_ase(structure)
        trajectory = result.trajectory
        energies = np.array([frame["energy"] for frame in trajectory.frame_properties])
        forces = np.array(trajectory.frame_properties[-1]["forces"])
        largest = float(np.linalg.norm(forces, axis=1).max())
        if not np.isfinite(energies).all() or not np.isfinite(largest):
            raise CalculationError("the potential returned an energy or force that is not a number")
        n_steps = len(energies) - 2  # the start is a frame, and the last one is written twice
        if not result.converged:
            raise CalculationError(
                f"not converged after {settings.max_steps} steps: largest force {largest:.3f} "
                f"eV/angstrom, expected at most {tolerance}"
            )
        moments = trajectory.frame_properties[-1].get("magmoms")
        return Outcome(
            structure=result.final_mol_or_struct,
            energy_ev=float(energies[-1]),
            max_force_ev_per_angstrom=largest,
            magmoms_mu_b=None if moments is None else [float(m) for m in moments],
            n_steps=n_steps,
            n_evaluations=int(getattr(maker.calculator, "n_evaluations", n_steps + 1)),
        )

    def energies_ev(self, structures: Sequence[Structure]) -> list[float]:
        """Return the energy of each structure as it is, eV."""
        calculator = self.calculator()
        found = []
        for structure in structures:
            atoms = structure.to_ase_atoms()
            atoms.calc = calculator
            found.append(float(atoms.get_potential_energy()))
        return found

    def read_back(self, folder: Path) -> None:
        """Return None: the trajectory holds nothing of the settings."""
        del folder

    def calculator(self) -> Calculator:
        """Return the ASE calculator that a relaxation uses."""
        from atomate2.forcefields.utils import ase_calculator  # noqa: PLC0415 (torch)

        known = self._allowed()
        return ase_calculator(known.atomate2_name, **self._calculator_arguments(known))

    def _allowed(self) -> Potential:
        """Return the potential; refuse a calculator that is named only by stored data."""
        if self.potential == OWN:
            check_allowed(self.model)
        return potential_of(self.potential, self.model)

    def _calculator_arguments(self, known: Potential) -> dict[str, Any]:
        if not known.supported:
            return {}
        device = resolve_device(self.device)
        arguments: dict[str, Any] = {**known.arguments, "device": device}
        if self.potential == "chgnet":
            arguments["stress"] = self.relaxes_cell
        return arguments


class ForceFieldEngine(Engine):
    """A potential, by a key of ``POTENTIALS``, a name that atomate2 knows, or a calculator."""

    has_models = True

    def __init__(self, settings: recipe.EngineChoice) -> None:
        self.name, self.protocol, self._device = settings.name, settings.protocol, settings.device
        own = settings.calculator is not None
        if own and (settings.model is not None or settings.device != "auto"):
            raise EngineError(
                "engine.model and engine.device do not go with engine.calculator: let the "
                "function named there choose both"
            )
        self._potential = potential_of(self.name, settings.calculator if own else settings.model)
        self._settings = with_overrides(
            FORCE_FIELD_PROTOCOLS, settings.protocol, settings.overrides
        )
        self.oxygen = self._potential.oxygen
        self.known_bias = self._potential.bias
        self.no_crossings = why_no_crossings(self._settings.force_tolerance, self._settings.rattle)
        always: set[Capability] = {"energy", "forces", "stress"}
        moments: set[Capability] = {"magmoms"} if self._potential.moments else set()
        self.capabilities = frozenset(always | moments)

    def maker(self, kind: CalculationKind) -> ForceFieldCalculation:
        """Return the maker of one kind of calculation."""
        return ForceFieldCalculation(
            kind,
            self.protocol,
            self.name,
            self._potential.model,
            self._device,
            self._settings.model_dump(),
        )

    def check(self, structures: Iterable[Structure]) -> None:
        """Refuse a potential that is not installed, with the command that installs it.

        A job runs in this environment or a copy of it, so what is missing here is missing there.

        Raises ``EngineError`` also if the device that was asked for is not there.
        """
        del structures
        if self.name == OWN:
            check_allowed(self._potential.model)
            version_of(self.name, self._potential)  # or there is no such module
            return
        require_package(self._potential)
        if self._device not in {"auto", "cpu"}:
            resolve_device(self._device)  # refused here rather than in every calculation

    @classmethod
    def installed(cls, name: str) -> list[Finding]:
        """Return package and device of a potential, and its models with licence and citation."""
        if name == OWN:
            return []
        potential = known_potential(name)
        what = f"engine {name}"
        try:
            require_package(potential)
        except EngineError as error:
            return [Finding(what, "optional", "not installed", str(error))]
        found = f"{package_version(potential.package)}, on {resolve_device('auto')}"
        models = [
            Finding(
                f"{what}, model {one.model}", "ok", f"licence {one.licence}; cite {one.citation}"
            )
            for one in models_of(name)
            if one.supported
        ]
        return [Finding(what, "ok", found), *models]

    def seconds_per_atom(self, structure: Structure) -> float | None:
        """Return the time of one evaluation on one thread here, s per atom of a structure.

        None for a calculator of one's own that the user has not named to this process.

        Raises ``EngineError`` if a calculator of one's own can't be made, or doesn't take the
        structure.
        """
        if self.name == OWN and not is_allowed(self._potential.model):
            return None
        import torch  # noqa: PLC0415 (seconds to import)

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            atoms = structure.to_ase_atoms()
            atoms.calc = self.maker("slab_relax").calculator()
            atoms.get_forces()  # the first one sets things up
            atoms.rattle(0.01, seed=0)
            # processor time: what else runs here would count in the time of the clock
            started = time.process_time()
            atoms.get_forces()
            return (time.process_time() - started) / len(atoms)
        except Exception as error:
            if self.name != OWN:
                raise
            raise EngineError(
                f"{self._potential.model} computes no force in the cathode's crystal; expected a "
                f"function that returns an ASE calculator of its elements: {error!r}"
            ) from error
        finally:
            torch.set_num_threads(threads)


def resolve_device(device: str) -> str:
    """Return "cuda", "mps" or "cpu": the one asked for, or for "auto" the best there is.

    Raises ``EngineError`` if the device that was asked for is not there.
    """
    if device == "cpu":
        return device
    import torch  # noqa: PLC0415 (seconds to import)

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        # CHGNet needs double precision in places, which mps lacks: only on request
        return "cuda" if there["cuda"] else "cpu"
    if not there[device]:
        raise EngineError(f'engine.device = "{device}", but torch finds none; use "auto" or "cpu"')
    return device


def _rattled(structure: Structure, distance: float, seed: int) -> Structure:
    """Return the structure, its atoms moved at random: along each axis with that spread, A."""
    moved = np.random.default_rng(seed).normal(scale=distance, size=(len(structure), 3))
    return type(structure)(
        structure.lattice,
        structure.species,
        structure.cart_coords + moved,
        coords_are_cartesian=True,
    )
