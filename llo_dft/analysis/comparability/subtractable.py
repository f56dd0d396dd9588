"""Which energies of plain runs may be subtracted from which."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.comparability.fingerprints import (
    Difference,
    Relation,
    cell_text,
    check_comparable,
)
from llo_dft.analysis.comparability.k_mesh import KMesh, as_dense, one_density, same_mesh
from llo_dft.documents.calculation import CalculationDocument

#: Largest relative change of a cell's lengths and angles on delithiation; in LiNiO2, the extreme,
#: the layer spacing shrinks by 0.08 of itself. Beyond this it is another cell.
DELITHIATION_LENGTH_SHARE: Final = 0.15
DELITHIATION_ANGLE_DEGREES: Final = 10.0

#: Two unpaired electrons: the triplet ground state of O2, Bohr magnetons.
O2_MOMENT_MU_B: Final = 2.0
_MOMENT_TOLERANCE_MU_B: Final = 0.1

_K_SPACING: Final = "k_spacing_per_angstrom"


@dataclass(frozen=True)
class FinishedRun:
    """A calculation, and those of its settings that a fingerprint lacks.

    ``moment_mu_b`` is spin up minus spin down of the whole cell; None if not read.
    """

    calculation: CalculationDocument
    k_mesh: KMesh
    moment_mu_b: float | None = None

    @property
    def spin_polarized(self) -> bool:
        """Whether spin up and spin down have separate states."""
        fingerprint = self.calculation.fingerprint
        return fingerprint is not None and fingerprint.spin_polarized is True


@dataclass
class Differences:
    """Differences between calculations whose energies were subtracted nevertheless.

    The user ``allowed`` some; those ``named`` do not forbid it. Each has both values.
    """

    allowed: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def add(self, first: str, second: str, found: Iterable[Difference]) -> None:
        """Keep what ``check_comparable`` returned for two calculations of these names."""
        for one in found:
            kept = self.allowed if one.forbids else self.named
            kept.append(f"{first} and {second}: {one.text}")


def check_vacancy(
    host: FinishedRun, vacancy: FinishedRun, allow: Collection[str]
) -> list[Difference]:
    """Refuse a vacancy whose energy and that of its host may not be subtracted.

    Fingerprint, cell and k-points must agree. Returns the remaining differences: those in
    ``allow``, and those only to be reported. Raises ``ComparabilityError``, with both values.
    """
    return _check(host, vacancy, allow, _meshes(host, vacancy, same_mesh), "same cell")


def check_densities(
    whole: FinishedRun, part: FinishedRun, allow: Collection[str]
) -> list[Difference]:
    """Refuse a part whose electron density may not be subtracted from that of the whole.

    What must agree, what is returned and what is raised are as for ``check_vacancy``.
    """
    also = _meshes(whole, part, same_mesh)
    return _check(whole, part, allow, also, "same cell", "densities")


def check_hosts(
    first: FinishedRun, second: FinishedRun, allow: Collection[str]
) -> list[Difference]:
    """Refuse two hosts at different lithium contents whose energies are not comparable.

    Their cells, and with them the k-points, may differ by a relaxation but not more. Returns and
    raises as ``check_vacancy``.
    """
    also = _meshes(first, second, one_density)
    a, b = first.calculation.structure, second.calculation.structure
    if a is not None and b is not None:
        also += _other_cell(a, b)
    return _check(first, second, allow, also)


def check_sizes(
    first: FinishedRun, second: FinishedRun, allow: Collection[str]
) -> list[Difference]:
    """Refuse crystals of one formula, in cells of different size, that are not comparable.

    Their cells differ; settings may not, and each has k-points as dense as the other's, divisions
    rounded up. Returns and raises as ``check_vacancy``.
    """
    also = _meshes(first, second, lambda a, b: as_dense(a, b) and as_dense(b, a))
    return _check(first, second, allow, also)


def check_systems(
    bare: FinishedRun, coated: FinishedRun, allow: Collection[str]
) -> list[Difference]:
    """Refuse hosts with and without a coating whose energies are not comparable.

    Their cells differ; settings and density of k-points may not. Returns and raises as
    ``check_vacancy``.
    """
    return _check(bare, coated, allow, _meshes(bare, coated, one_density))


def check_metal(host: FinishedRun, metal: FinishedRun, allow: Collection[str]) -> list[Difference]:
    """Refuse a metal whose energy is not comparable with the host's.

    Its k-points must be at least as dense as the host's; it needs no spins. Returns and raises as
    ``check_vacancy``.
    """
    return _check(host, metal, allow, _meshes(host, metal, as_dense), "reference")


def check_molecule(
    host: FinishedRun, molecule: FinishedRun, allow: Collection[str]
) -> list[Difference]:
    """Refuse an O2 that is not comparable with the host or not in its ground state.

    A molecule in a box has neither a cell nor k-points to compare. Returns and raises as
    ``check_vacancy``.
    """
    return _check(host, molecule, allow, _triplet(molecule), "reference")


def _check(
    first: FinishedRun,
    second: FinishedRun,
    allow: Collection[str],
    also: list[Difference],
    relation: Relation = "other cell",
    what: str = "energies",
) -> list[Difference]:
    return check_comparable(
        first.calculation,
        second.calculation,
        relation=relation,
        without=(_K_SPACING,),
        also=also,
        allow=allow,
        what=what,
    )


def _other_cell(first: Structure, second: Structure) -> list[Difference]:
    share = np.abs(np.divide(first.lattice.abc, second.lattice.abc) - 1).max()
    turn = np.abs(np.subtract(first.lattice.angles, second.lattice.angles)).max()
    if share <= DELITHIATION_LENGTH_SHARE and turn <= DELITHIATION_ANGLE_DEGREES:
        return []
    return [Difference("cell", f"cell: {cell_text(first)} and {cell_text(second)}")]


def _triplet(molecule: FinishedRun) -> list[Difference]:
    label, moment = molecule.calculation.label, molecule.moment_mu_b
    fingerprint = molecule.calculation.fingerprint
    if fingerprint is not None and fingerprint.spin_polarized is False:
        moment = 0.0
    if moment is None or abs(abs(moment) - O2_MOMENT_MU_B) <= _MOMENT_TOLERANCE_MU_B:
        return []
    return [
        Difference(
            "spin_polarized",
            f"spin_polarized: the moment of O2 in {label} is {moment:.3f} Bohr magnetons; in its "
            f"ground state it is {O2_MOMENT_MU_B:g}",
        )
    ]


def _meshes(
    first: FinishedRun, second: FinishedRun, agree: Callable[[KMesh, KMesh], bool]
) -> list[Difference]:
    if agree(first.k_mesh, second.k_mesh):
        return []
    return [Difference(_K_SPACING, f"{_K_SPACING}: {first.k_mesh} and {second.k_mesh}")]
