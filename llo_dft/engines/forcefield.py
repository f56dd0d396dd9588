"""Engines that are machine-learned potentials, through atomate2's force-field maker."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from monty.json import MSONable

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import CalculationError, EngineError, Outcome, OxygenReference
from llo_dft.engines.protocols import RelaxationProtocol, relaxation_protocol

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.typing import CalculationKind, Capability

logger = logging.getLogger(__name__)

_ALREADY_MP2020 = (
    "the labels that this potential learned hold MP2020's corrections already, "
    "so that this one would count them twice"
)


@dataclass(frozen=True)
class Potential:
    """A potential that was run with this package, and what it needs.

    Attributes
    ----------
    package
        What to import; also the extra of llo_dft that installs it.
    atomate2_name
        Its name in atomate2.
    model
        Which of the package's models.
    functional
        Functional of its training labels.
    oxygen
        Its O2.
    moments
        Whether it predicts magnetic moments.
    """

    package: str
    atomate2_name: str
    model: str
    functional: str
    oxygen: OxygenReference
    moments: bool


#: Only what was run is here. The O2 of both potentials is the Materials Project's own
#: (total energy -9.896 eV a molecule), to which their labels belong.
POTENTIALS: Final = {
    "chgnet": Potential(
        package="chgnet",
        atomate2_name="CHGNet",
        model="0.3.0",
        functional="PBE/PBE+U mixed, MP2020-corrected",
        oxygen=OxygenReference(
            label_energy_ev_per_atom=-4.948,
            source="O2 of the Materials Project, the scale of CHGNet 0.3.0's labels",
            refused={"wang2006": _ALREADY_MP2020, "mp2020": _ALREADY_MP2020},
        ),
        moments=True,
    ),
}


@dataclass
class ForceFieldCalculation(MSONable):
    """Relaxation of one structure by a potential. Implements ``CalculationMaker``."""

    kind: CalculationKind
    protocol: str
    potential: str
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
        """Return engine, version, model and functional; the same for every structure."""
        del structure  # a potential has no settings that depend on the elements
        known = POTENTIALS[self.potential]
        return Fingerprint(
            engine=self.potential,
            engine_version=version(known.package),
            model=known.model,
            functional=known.functional,
        )

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Relax with atomate2's force-field maker; leaves ``relaxation.traj`` in the folder."""
        import torch  # noqa: PLC0415 (seconds to import; only a worker needs it)
        from atomate2.forcefields.jobs import ForceFieldRelaxMaker  # noqa: PLC0415

        if "OMP_NUM_THREADS" in os.environ:
            torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        settings = RelaxationProtocol(description="", **self.relaxation)
        maker = ForceFieldRelaxMaker(
            force_field_name=_calculator_reference(self.potential),
            calculator_kwargs=self._calculator_arguments(),
            relax_cell=self.relaxes_cell,
            steps=settings.max_steps,
            relax_kwargs={
                "fmax": settings.force_tolerance,
                "traj_file": str(folder / "relaxation.traj"),
                "final_atoms_object_file": None,
                "use_emmet_models": False,
            },
            optimizer_kwargs={"optimizer": settings.optimizer},
        )
        result = maker.run_ase(structure)
        trajectory = result.trajectory
        energies = np.array([frame["energy"] for frame in trajectory.frame_properties])
        forces = np.array(trajectory.frame_properties[-1]["forces"])
        largest = float(np.linalg.norm(forces, axis=1).max())
        if not np.isfinite(energies).all() or not np.isfinite(largest):
            raise CalculationError("the potential returned an energy or force that is no number")
        n_steps = len(energies) - 2  # the start is a frame, and the last one is written twice
        if largest > settings.force_tolerance and not result.converged:
            raise CalculationError(
                f"not converged after {settings.max_steps} steps: largest force {largest:.3f} "
                f"eV/angstrom, expected at most {settings.force_tolerance}"
            )
        moments = trajectory.frame_properties[-1].get("magmoms")
        return Outcome(
            structure=_same_sites(structure, result.final_mol_or_struct),
            energy_ev=float(energies[-1]),
            max_force_ev_per_angstrom=largest,
            magmoms_mu_b=None if moments is None else [float(m) for m in moments],
            n_steps=n_steps,
            n_evaluations=int(getattr(maker.calculator, "n_evaluations", n_steps + 1)),
        )

    def _calculator_arguments(self) -> dict[str, Any]:
        known = POTENTIALS[self.potential]
        if self.potential == "chgnet":
            return {"model": known.model, "stress": self.relaxes_cell, "device": self.device}
        return {"model": known.model, "device": self.device}


class ForceFieldEngine:
    """A potential with a protocol.

    Parameters
    ----------
    name
        A key of ``POTENTIALS``.
    protocol
        A key of ``FORCE_FIELD_PROTOCOLS``.
    device
        "auto" takes a GPU if torch finds one.
    overrides
        Settings of the protocol to replace.

    Raises
    ------
    EngineError
        If the potential is unknown or not installed, with the command that installs it, or
        the protocol or a setting is unknown.
    """

    def __init__(self, name: str, protocol: str, device: str, overrides: dict[str, Any]) -> None:
        potential = known_potential(name)
        self._settings = relaxation_protocol(protocol, overrides)
        require_package(potential.package)
        self.name = name
        self.protocol = protocol
        self.oxygen = potential.oxygen
        always: set[Capability] = {"energy", "forces", "stress"}
        moments: set[Capability] = {"magmoms"} if potential.moments else set()
        self.capabilities: frozenset[Capability] = frozenset(always | moments)
        self._device = device

    def maker(self, kind: CalculationKind) -> ForceFieldCalculation:
        """Return the maker of one kind of calculation."""
        return ForceFieldCalculation(
            kind=kind,
            protocol=self.protocol,
            potential=self.name,
            device=resolve_device(self._device),
            relaxation={
                "force_tolerance": self._settings.force_tolerance,
                "max_steps": self._settings.max_steps,
                "optimizer": self._settings.optimizer,
            },
        )


def known_potential(name: str) -> Potential:
    """Return what is known of a potential.

    Raises
    ------
    EngineError
        If it is unknown.
    """
    if name not in POTENTIALS:
        raise EngineError(
            f"engine.name = {name!r} is unknown; expected {', '.join(sorted(POTENTIALS))}"
        )
    return POTENTIALS[name]


def require_package(package: str) -> None:
    """Refuse to go on without a potential's package.

    atomate2 would fall through to a model from a hub, another potential under the same name.

    Raises
    ------
    EngineError
        With the command that installs it.
    """
    if find_spec(package) is None:
        raise EngineError(
            f"the engine needs the package {package}, which is not installed; "
            f"install it with: pip install 'llo-dft[{package}]'"
        )
    try:
        version(package)
    except PackageNotFoundError as error:
        raise EngineError(
            f"the package {package} has no version; install it again with: "
            f"pip install --force-reinstall {package}"
        ) from error


def resolve_device(device: str) -> str:
    """Return "cuda", "mps" or "cpu": the one asked for, or for "auto" the best there is.

    Raises
    ------
    EngineError
        If the device that was asked for is not there.
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


def _calculator_reference(potential: str) -> str | dict[str, str]:
    """Return what atomate2 builds the calculator from."""
    if potential == "chgnet":
        return {"@module": "llo_dft.engines.chgnet", "@callable": "ChgnetCalculator"}
    return POTENTIALS[potential].atomate2_name


def _same_sites(initial: Structure, final: Structure) -> Structure:
    """Return the initial structure with the final lattice and coordinates."""
    return type(initial)(
        final.lattice,
        initial.species,
        final.frac_coords,
        site_properties=dict(initial.site_properties),
    )
