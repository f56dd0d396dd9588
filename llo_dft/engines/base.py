"""The door: all that the other rooms know of an engine.

An engine is a folder beside this module with a subclass of ``Engine`` and a ``CalculationMaker``,
and a line in ``llo_dft.engines.registry``.
"""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypedDict, runtime_checkable

from llo_dft.documents.document import Finding
from llo_dft.errors import CalculationError, InputError
from llo_dft.typing import CalculationKind, Capability, MagneticOrder, OxygenScheme

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    from llo_dft import recipe
    from llo_dft.documents.calculation import EngineBias, Fingerprint
    from llo_dft.engines.calculated_electrons import CalculatedElectrons


class EngineError(InputError):
    """An engine, protocol or override that can't be used; says what to do."""


@dataclass(frozen=True)
class Outcome:
    """What a calculation gave."""

    structure: Structure
    """Final structure, same order of atoms as the initial one."""
    energy_ev: float
    """Total energy of the cell."""
    max_force_ev_per_angstrom: float
    magmoms_mu_b: list[float] | None
    """Moment of each atom, Bohr magnetons, or None if the engine gives none."""
    n_steps: int
    """Steps of the optimiser."""
    n_evaluations: int
    """Evaluations of energy and forces."""
    corrections: list[str] = field(default_factory=list)
    output_files: list[str] = field(default_factory=list)
    """Raw files that are kept, relative to the calculation's folder."""
    notes: list[str] = field(default_factory=list)
    """corrections, notes: what was corrected on the way and what a reader should know, one sentence
    each."""
    rattle_gain_ev: float | None = None
    """How far the energy fell when the relaxed atoms were displaced at random and relaxed again, eV
    per cell; below zero the first was lower and is the outcome. None: that wasn't tried."""
    n_pre_steps: int = 0
    """Steps of a potential before."""


@dataclass(frozen=True)
class ReadBack:
    """What the files of a finished calculation say, read apart from the run itself."""

    fingerprint: Fingerprint
    energy_ev: float | None
    structure: Structure
    """Final structure, in the files' own order of atoms."""
    magmoms_mu_b: list[float] | None = None
    """fingerprint, energy_ev, magmoms_mu_b: as of an ``Outcome``: settings that were used, energy
    of the cell and moments, None if the files have none."""
    mock: bool = False
    """Whether a stand-in wrote the files."""
    problems: tuple[str, ...] = ()
    """Why it is no result: what did not converge."""
    of_the_run: tuple[str, ...] = ()
    """Fields of the fingerprint that only the run decides; the others must be as asked for."""


@runtime_checkable
class CalculationMaker(Protocol):
    """Computes one kind of calculation of one engine.

    It is a dataclass of plain fields, so that it goes into a job as JSON and, together with
    the fingerprint, names its results. One that can resume where it was stopped leaves a folder
    ``continue`` in the calculation's folder; the next attempt finds that folder in its own.
    """

    kind: CalculationKind
    protocol: str

    def settings(self) -> dict[str, Any]:
        """Return every setting that bears on the result; part of the calculation's key."""

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return what must agree before energies may be subtracted."""

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Run in ``folder`` and return the outcome.

        Raises ``CalculationError`` if it did not converge, crashed or gave no number.
        """

    def read_back(self, folder: Path) -> ReadBack | None:
        """Return what the files of a finished calculation say; None if there are no such files.

        Raises ``InputError`` if a file is damaged or missing.
        """


@dataclass(frozen=True)
class StartFrom:
    """A finished calculation in the same cell, with whose electrons another one may begin."""

    folder: Path
    """Its files. A folder ``start`` in it holds what only serves this, such as wave functions; it
    may be gone, and then moments are all there is to begin with."""
    density: bool
    """Whether to begin with its density too. Otherwise the moments of the structure are other ones
    than its density has, and they decide."""


@runtime_checkable
class MagneticMaker(CalculationMaker, Protocol):
    """A maker whose electrons can end in several states, by the moments that they begin with.

    The job puts these onto the structure as its site property "magmom" (``llo_dft.jobs.starts``).
    Where there are several ways, each is a calculation, and the lowest is the result.
    """

    @property
    def magnetic_order(self) -> MagneticOrder:
        """How the moments of a structure begin that is made from no other one."""

    @property
    def electron_placements(self) -> int:
        """How many placements of a removed O's electrons on metals are tried, besides none."""

    def calculate(
        self, structure: Structure, folder: Path, start_from: StartFrom | None = None
    ) -> Outcome:
        """Run as ``CalculationMaker`` does, perhaps from another calculation's electrons."""


@runtime_checkable
class PreRelaxingMaker(MagneticMaker, Protocol):
    """A maker whose program goes on from a geometry that something cheaper made."""

    def potential_for(self, structure: Structure) -> CalculationMaker | None:
        """Return what tells which of several geometries of a structure is the lowest.

        None: that is known already.
        """


@runtime_checkable
class ProgramMaker(CalculationMaker, Protocol):
    """A maker of a program that reports its version only in its output, so no key holds it."""

    def held_to(self, version: str) -> Self:
        """Return the maker that ends a run of another version as soon as it is seen; "" holds none.

        It is that of the study's first completed calculation, which others may not be mixed with.
        """


def moved_to(
    structure: Structure, lattice: Lattice | ArrayLike, fractional: ArrayLike
) -> Structure:
    """Return a structure with its atoms, and all that they carry, at other places of a cell."""
    return type(structure)(
        lattice, structure.species, fractional, site_properties=structure.site_properties
    )


def check_version(found: str, expected: str) -> None:
    """Raise ``CalculationError`` if a run is of another version than a study; "" is any."""
    if expected and found != expected:
        raise CalculationError(
            f"it was run with version {found!r}, but the study's first completed calculation "
            f"with {expected!r}; their energies can't be subtracted: use that version, or run "
            "the whole study in a new folder"
        )


def signal_name(status: int) -> str:
    """Return the signal that ended a program, also as a shell or launcher tells it; "" if none."""
    try:
        return signal.Signals(-status if status < 0 else status - 128).name
    except ValueError:
        return ""


@dataclass(frozen=True)
class OxygenReference:
    """Energy of O2 that goes with an engine, and the O2 schemes that may be used with it."""

    label_energy_ev_per_atom: float | None
    source: str
    """label_energy_ev_per_atom, source: half the energy of O2 on the scale of the engine's training
    labels, None if the engine has none or they are not known; where that number comes from."""
    refused: Mapping[OxygenScheme, str] = field(default_factory=dict)
    """Schemes that may not be used with this engine, and why."""


@dataclass(frozen=True)
class Program:
    """A program that an engine starts, perhaps on many nodes.

    ``variable`` is the environment variable with the command that starts it, whose last word is
    the program; ``name`` is for people.
    """

    name: str
    variable: str


class InputSize(TypedDict):
    """How big one run of a plane-wave program is.

    ``n_plane_waves`` are those of one orbital at one k-point, ``n_k_points`` those that time
    reversal leaves, ``n_bands`` what the program takes by default. ``folder`` is relative to the
    one that the inputs were to be written into.
    """

    stage: str
    folder: str
    n_ions: int
    n_electrons: int
    n_plane_waves: int
    n_k_points: int
    n_bands: int
    n_spins: int


@dataclass(frozen=True)
class Cost:
    """What a calculation costs: relative to others, and core-seconds at least and at most."""

    work: float
    core_s: tuple[float, float] | None

    def times(self, n: int) -> Cost:
        """Return the cost of several of them."""
        core_s = None if self.core_s is None else (n * self.core_s[0], n * self.core_s[1])
        return Cost(n * self.work, core_s)


class Engine(ABC):
    """A code or potential with the settings of a recipe.

    Making one needs neither the program nor the package that computes.

    Raises ``EngineError`` when it is made, if a setting is not its own.
    """

    name: str
    protocol: str
    """Name of its set of settings."""
    capabilities: frozenset[Capability]
    """What it gives; a step that needs something else is left out, and says so."""
    oxygen: OxygenReference
    no_crossings: str | None = None
    """Why results of that protocol state neither where E_f crosses zero nor a difference of coated
    and bare; None: they do."""
    program: ClassVar[Program | None] = None
    """What it starts; None if it computes within Python."""
    known_bias: Sequence[EngineBias] = ()
    """What it gives for published energies, beside them."""
    has_models: ClassVar[bool] = False
    """Whether ``engine.model`` chooses among models of it."""

    @property
    def added(self) -> Sequence[str]:
        """What the user's own settings add to the protocol, a line each."""
        return ()

    @abstractmethod
    def __init__(self, settings: recipe.EngineChoice) -> None: ...

    @abstractmethod
    def maker(self, kind: CalculationKind) -> CalculationMaker:
        """Return the maker of one kind of calculation."""

    def geometry_maker(self, kind: CalculationKind) -> CalculationMaker:
        """Return the maker of a calculation whose structure is used, and whose energy is not."""
        return self.maker(kind)

    def point_maker(self) -> CalculationMaker:
        """Return the maker of one point of which the energy is wanted, and no electrons."""
        return self.maker("static")

    def seconds_per_atom(self, structure: Structure) -> float | None:
        """Return the time of an evaluation by one processor, s per atom; None if not known soon."""
        del structure
        return None

    def cost(self, structure: Structure, kind: CalculationKind, n_steps: float) -> Cost | None:
        """Return what a calculation of that many ionic steps costs; None if sizes don't tell."""
        del structure, kind, n_steps
        return None

    def check(self, structures: Iterable[Structure]) -> None:  # noqa: B027 (most have nothing to check)
        """Refuse structures that can't be computed with these settings.

        Raises ``EngineError``: one line that says what came, what is expected and what to do.
        """

    def check_machine(self, structures: Iterable[Structure]) -> None:  # noqa: B027 (likewise)
        """Refuse a machine that lacks what the calculations of these structures need.

        Raises ``EngineError``, naming what is missing and how it is installed or made known.
        """

    def remarks(self, lithium_fraction: float) -> list[str]:
        """Return what a reader of a study down to that lithium fraction should know."""
        del lithium_fraction
        return []

    def write_inputs(
        self, structure: Structure, kind: CalculationKind, folder: Path
    ) -> list[InputSize]:
        """Write the inputs of each run of a calculation, with capability "inputs"."""
        raise NotImplementedError(f"engine {self.name} writes no inputs: {kind} in {folder}")

    def electrons(self, folder: Path) -> CalculatedElectrons:
        """Return the electrons of a static calculation, with capabilities "dos" and "density"."""
        raise NotImplementedError(f"engine {self.name} gives no electronic structure in {folder}")

    @classmethod
    def calibrated(cls, run: Path) -> Finding:
        """Return what a finished run says of this machine's speed, to be put where it is read."""
        raise NotImplementedError(f"engine {cls.name} is timed by itself, not by {run}")

    @classmethod
    def installed(cls, name: str) -> list[Finding]:
        """Return what this machine has of the engine of that name, for ``llo-dft doctor``."""
        return [Finding(f"engine {name}", "ok", "comes with llo_dft")]
