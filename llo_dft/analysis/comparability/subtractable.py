"""Which energies of plain runs may be subtracted from which."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

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

    The user ``allowed`` some, by the names in ``allow``; those ``named`` do not forbid it. Each has
    both values.
    """

    allow: Collection[str] = ()
    allowed: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def add(self, first: str, second: str, found: Iterable[Difference]) -> None:
        """Keep what ``check_comparable`` returned for two calculations of these names."""
        for one in found:
            kept = self.allowed if one.forbids else self.named
            kept.append(f"{first} and {second}: {one.text}")


@dataclass(frozen=True)
class Check:
    """What must agree in two runs so that their energies may be subtracted, besides settings."""

    same_k_points: Callable[[KMesh, KMesh], bool] | None
    """Of the first run's and the second's; None: one has no k-points to compare."""
    relation: Relation = "other cell"
    what: str = "energies"
    """What is subtracted."""
    further: Callable[[CalculationDocument, FinishedRun], list[Difference]] | None = None
    """Compares the first run with the second in another way too."""

    def __call__(
        self, first: FinishedRun, second: FinishedRun, allow: Collection[str]
    ) -> list[Difference]:
        """Refuse two runs whose energies may not be subtracted.

        Returns the remaining differences: those in ``allow``, and those only to be reported.

        Raises ``ComparabilityError``, with both values.
        """
        also = []
        if self.same_k_points is not None and not self.same_k_points(first.k_mesh, second.k_mesh):
            text = f"{_K_SPACING}: {first.k_mesh} and {second.k_mesh}"
            also.append(Difference(_K_SPACING, text))
        if self.further is not None:
            also += self.further(first.calculation, second)
        return check_comparable(
            first.calculation,
            second.calculation,
            relation=self.relation,
            without=(_K_SPACING,),
            also=also,
            allow=allow,
            what=self.what,
        )


def _other_cell(first: CalculationDocument, second: FinishedRun) -> list[Difference]:
    a, b = first.structure, second.calculation.structure
    if a is None or b is None:
        return []
    share = np.abs(np.divide(a.lattice.abc, b.lattice.abc) - 1).max()
    turn = np.abs(np.subtract(a.lattice.angles, b.lattice.angles)).max()
    if share <= DELITHIATION_LENGTH_SHARE and turn <= DELITHIATION_ANGLE_DEGREES:
        return []
    return [Difference("cell", f"cell: {cell_text(a)} and {cell_text(b)}")]


def _triplet(_: CalculationDocument, molecule: FinishedRun) -> list[Difference]:
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


#: A host, and a vacancy in it.
check_vacancy: Final = Check(same_mesh, "same cell")
#: A whole, and a part of it.
check_densities: Final = Check(same_mesh, "same cell", "densities")
#: Hosts at two lithium contents. Their cells, and with them the k-points, may differ by a
#: relaxation but not more.
check_hosts: Final = Check(one_density, further=_other_cell)
#: Crystals of one formula in cells of different size: each has k-points as dense as the other's,
#: divisions rounded up.
check_sizes: Final = Check(lambda a, b: as_dense(a, b) and as_dense(b, a))
#: Hosts with and without a coating, whose cells differ; their density of k-points may not.
check_systems: Final = Check(one_density)
#: A host and a metal, whose k-points must be at least as dense and which needs no spins.
check_metal: Final = Check(as_dense, "reference")
#: A host and an O2 in its ground state. A molecule in a box has no cell or k-points to compare.
check_molecule: Final = Check(None, "reference", further=_triplet)
