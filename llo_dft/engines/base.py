"""What every engine offers, whatever computes behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.documents.calculation import Fingerprint
    from llo_dft.typing import CalculationKind, Capability, OxygenScheme


class EngineError(InputError):
    """An engine, protocol or override that can't be used; says what to do."""


class CalculationError(RuntimeError):
    """A calculation that ended without a result; the message is the reason that is stored.

    Attributes
    ----------
    corrections
        What was corrected before it came to that.
    """

    def __init__(self, message: str, corrections: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.corrections = list(corrections)


@dataclass(frozen=True)
class Outcome:
    """What a calculation gave.

    Attributes
    ----------
    structure
        Final structure, same order of atoms as the initial one.
    energy_ev
        Total energy of the cell, eV.
    max_force_ev_per_angstrom
        Largest force on an atom.
    magmoms_mu_b
        Moment of each atom, Bohr magnetons, or None if the engine gives none.
    n_steps, n_evaluations
        Steps of the optimiser; evaluations of energy and forces.
    corrections
        What was corrected on the way, one sentence each.
    output_files
        Raw files that are kept, relative to the calculation's folder.
    """

    structure: Structure
    energy_ev: float
    max_force_ev_per_angstrom: float
    magmoms_mu_b: list[float] | None
    n_steps: int
    n_evaluations: int
    corrections: list[str] = field(default_factory=list)
    output_files: list[str] = field(default_factory=list)


@runtime_checkable
class CalculationMaker(Protocol):
    """Computes one kind of calculation of one engine.

    It is a dataclass of plain fields, so that it goes into a job as JSON and, together with
    the fingerprint, names its results.

    A maker that needs moments to start from has an attribute ``magnetic_order`` ("ferro" or
    "rows"); the job then puts them onto the structure as site property "magmom". One that can
    go on where it was stopped leaves a folder ``continue`` in the calculation's folder; the
    next attempt finds that folder in its own.
    """

    kind: CalculationKind
    protocol: str

    def settings(self) -> dict[str, Any]:
        """Return every setting that bears on the result; part of the calculation's key."""
        ...

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return what must agree before energies may be subtracted."""
        ...

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Run in ``folder`` and return the outcome.

        Raises
        ------
        CalculationError
            If it did not converge, crashed or gave no number.
        """
        ...


@dataclass(frozen=True)
class OxygenReference:
    """Energy of O2 that goes with an engine, and the O2 schemes that may be used with it.

    Attributes
    ----------
    label_energy_ev_per_atom
        Half the energy of O2 on the scale of the engine's training labels; None if the engine
        has none, or they are not known.
    source
        Where that number comes from.
    refused
        Schemes that may not be used with this engine, and why.
    """

    label_energy_ev_per_atom: float | None
    source: str
    refused: dict[OxygenScheme, str]


class Engine(Protocol):
    """A code or potential with a protocol."""

    name: str
    protocol: str
    capabilities: frozenset[Capability]
    oxygen: OxygenReference

    def maker(self, kind: CalculationKind) -> CalculationMaker:
        """Return the maker of one kind of calculation."""
        ...

    def seconds_per_atom(self, structure: Structure) -> float | None:
        """Return the time of one evaluation by one processor here, s per atom of a structure.

        None if that can't be told without a calculation of minutes.
        """
        ...


@runtime_checkable
class CheckedEngine(Protocol):
    """An engine whose settings may not suit every structure, or that needs more than packages."""

    def check(self, structures: Iterable[Structure]) -> None:
        """Refuse what can't be computed with these settings.

        Raises
        ------
        EngineError
            One line that says what came, what is expected and what to do.
        """
        ...

    def check_machine(self, structures: Iterable[Structure]) -> None:
        """Refuse a machine that lacks what the calculations of these structures need.

        Raises
        ------
        EngineError
            Naming what is missing and how it is made known.
        """
        ...
