"""Start where the relaxations of a finished study ended: a potential's geometry and moments.

Atoms are moved as they moved there. So a slab cut from the program's own crystal keeps that
crystal's lattice, and a vacancy starts from its own host, displaced as the potential displaced it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from monty.json import MSONable
from pymatgen.core.structure import Structure

from llo_dft.documents.atom_identity import BARE_SITE
from llo_dft.documents.calculation import CalculationDocument, Fingerprint
from llo_dft.documents.labels import is_by_potential
from llo_dft.engines.base import (
    CalculationMaker,
    Engine,
    EngineError,
    Outcome,
    OxygenReference,
    moved_to,
)
from llo_dft.plain_files import from_json
from llo_dft.typing import CalculationKind, Capability, FloatArray

#: Largest distance, angstrom, of an atom from where the other study began with it: what two engines
#: make of one structure differs by a few tenths, the next site is two angstrom away.
SAME_START_ANGSTROM: Final = 1.0


@dataclass
class FinishedRelaxation(MSONable):
    """Moves atoms as a finished study's relaxation of the same structure did."""

    kind: CalculationKind
    folder: str
    """``calculations`` of that study."""
    digest: str
    """Of the keys of its completed relaxations: part of the key of what starts from them."""
    by: dict[str, Any] = field(default_factory=dict)
    """Its fingerprint."""
    protocol: str = ""
    otherwise: CalculationMaker | None = None
    """Relaxes what that study has not; None: the structure is left as it is."""

    def settings(self) -> dict[str, Any]:
        """Return which study it is, that its moments are taken, and what relaxes otherwise."""
        found: dict[str, Any] = {"finished_study": self.digest, "moments": True}
        if self.otherwise is not None:
            protocol = {"protocol": self.otherwise.protocol}
            found["otherwise"] = protocol | self.otherwise.settings()
        return found

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return that of the finished study, with what relaxes otherwise as one setting."""
        found = Fingerprint(**self.by)
        if self.otherwise is None:
            return found
        other = {"otherwise": words_of(self.otherwise.fingerprint(structure))}
        return found.model_copy(update={"settings": found.settings | other})

    def has(self, structure: Structure) -> bool:
        """Tell whether the finished study has a relaxation of a structure."""
        return self._ended(structure)[0] is not None

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Return the structure with its atoms moved, and the moments that they ended with.

        They go where the lowest relaxation of these atoms ended, of all that the study made of
        them (several orderings, a revisit, a former on another O); atoms without identities
        (``documents.atom_identity``) where the one ended that began nearest. A structure that the
        study has not is relaxed in ``folder`` by ``otherwise``; without that it is returned as it
        is, without moments. The outcome's note says which.

        Raises as ``otherwise`` does.
        """
        one, begun = self._ended(structure)
        if one is None or one.structure is None:
            return self._unknown(structure, folder)
        n_steps = one.n_pre_steps + (one.n_steps or 0)
        return Outcome(
            structure=_moved(structure, begun, one.structure, self.kind),
            energy_ev=0.0,
            max_force_ev_per_angstrom=0.0,
            magmoms_mu_b=one.magmoms_mu_b,
            n_steps=n_steps,
            n_evaluations=0,
            notes=[f"relaxed in {n_steps} steps as {one.label} of {Path(self.folder).parent.name}"],
        )

    def _unknown(self, structure: Structure, folder: Path) -> Outcome:
        """Return a structure that the study has not, relaxed by ``otherwise`` if there is one."""
        unknown = f"{Path(self.folder).parent.name} has no relaxation of this structure"
        if self.otherwise is None:
            note = f"{unknown}, which is as it was"
            return Outcome(structure, 0.0, 0.0, None, 0, 0, notes=[note])
        found = self.otherwise.calculate(structure, folder)
        engine = self.otherwise.fingerprint(structure).engine
        note = f"{unknown}, which was relaxed in {found.n_steps} steps by {engine}"
        return replace(found, notes=[note])

    def _ended(self, structure: Structure) -> tuple[CalculationDocument | None, Structure]:
        """Return the study's relaxation of a structure, or None, and where that began."""
        done = [
            one
            for one in completed_relaxations(Path(self.folder))
            if one.kind == self.kind and _same_atoms(structure, one.structure)
        ]
        near = [one for one in done if _distance(structure, one) < SAME_START_ANGSTROM]
        nearest = min(near, key=partial(_distance, structure), default=None)
        begun = structure if nearest is None else nearest.initial_structure
        named = BARE_SITE in structure.site_properties
        one = min(done, key=_energy, default=None) if named else nearest
        return one, begun or structure

    def read_back(self, folder: Path) -> None:
        """Return None: nothing is computed."""
        del folder


class FinishedStudy(Engine):
    """A finished study in the place of the potential that relaxes first."""

    name = "finished study"
    capabilities: frozenset[Capability] = frozenset()
    protocol = ""
    oxygen = OxygenReference(None, "of no use here")

    def __init__(self, path: str, otherwise: Engine | None = None) -> None:
        self._calculations = Path(path).resolve() / "calculations"
        self._otherwise = otherwise

    @cached_property
    def _source(self) -> tuple[str, Fingerprint]:
        done = completed_relaxations(self._calculations)
        if not done or done[0].fingerprint is None:
            raise EngineError(
                f"--start-from {self._calculations.parent} has no completed relaxation; expected "
                "the folder of a study that 'llo-dft run' finished"
            )
        keys = " ".join(sorted(one.key for one in done))
        return hashlib.sha256(keys.encode()).hexdigest()[:16], done[0].fingerprint

    def maker(self, kind: CalculationKind) -> FinishedRelaxation:
        """Return what moves the atoms.

        Raises ``EngineError`` if there is no finished study.
        """
        digest, by = self._source
        return FinishedRelaxation(
            kind,
            str(self._calculations),
            digest,
            by.model_dump(mode="json"),
            by.engine,
            None if self._otherwise is None else self._otherwise.maker(kind),
        )

    def check(self, structures: Iterable[Structure]) -> None:
        """Refuse structures that the potential can't relax where the study has not."""
        if self._otherwise is not None:
            self._otherwise.check(structures)


def words_of(potential: Fingerprint) -> str:
    """Return a potential in words: its name, version, model and settings."""
    words = [potential.engine, potential.engine_version, potential.model]
    words += [str(value) for _, value in sorted(potential.settings.items())]
    return " ".join(word for word in words if word)


def completed_relaxations(calculations: Path) -> list[CalculationDocument]:
    """Return the completed relaxations in a study's ``calculations`` folder.

    Raises ``EngineError`` if a result can't be read.
    """
    found = []
    for file in sorted(calculations.glob("*/result.json")):
        try:
            fields = from_json(file.read_bytes())
            known = {n: fields[n] for n in CalculationDocument.model_fields if n in fields}
            one = CalculationDocument.model_validate(known)
        except (ValueError, TypeError, KeyError) as error:
            raise EngineError(f"{file} can't be read; run that study again first") from error
        relaxed = one.kind in {"bulk_relax", "slab_relax"} and not is_by_potential(one.label)
        if relaxed and one.status == "completed" and one.initial_structure is not None:
            found.append(one)
    return found


def _offsets(fractional: FloatArray) -> FloatArray:
    return fractional - np.round(fractional)


def _energy(document: CalculationDocument) -> float:
    return float("inf") if document.energy_ev is None else document.energy_ev


def _same_atoms(structure: Structure, other: Structure | None) -> bool:
    """Tell whether another structure has the same atoms, wherever they are."""
    if other is None or other.species != structure.species:
        return False
    ours, theirs = (s.site_properties.get(BARE_SITE) for s in (structure, other))
    return ours is None or theirs is None or list(ours) == list(theirs)


def _distance(structure: Structure, one: CalculationDocument) -> float:
    """Return how far the atoms are from where a relaxation of the same ones began, angstrom."""
    other = one.initial_structure
    if other is None:
        return float("inf")
    offsets = _offsets(other.frac_coords - structure.frac_coords)
    offsets -= offsets.mean(axis=0)
    return float(np.linalg.norm(offsets @ structure.lattice.matrix, axis=1).max())


def _moved(
    structure: Structure, begun: Structure, ended: Structure, kind: CalculationKind
) -> Structure:
    """Return a structure whose atoms have moved as from one to the other of a finished study."""
    moved = _offsets(ended.frac_coords - begun.frac_coords)
    if kind == "bulk_relax":
        lattice, fractional = ended.lattice, structure.frac_coords + moved
    else:
        lattice = structure.lattice
        fractional = lattice.get_fractional_coords(
            structure.cart_coords + moved @ begun.lattice.matrix
        )
    return moved_to(structure, lattice, fractional)
