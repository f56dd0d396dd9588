"""The calculations of a study, looked up by what they are in its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.analysis.interface.adhesion import bonded_oxygens, interface_bonds, lowest_energy
from llo_dft.analysis.interface.interface_result import InterfaceCalculations
from llo_dft.documents.calculation import not_computed
from llo_dft.documents.labels import COATING_CRYSTAL, LITHIUM, part_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llo_dft.documents.calculation import CalculationDocument, Fingerprint
    from llo_dft.documents.plan import PlannedHost, StudyPlan
    from llo_dft.documents.sites import InterfaceBond


class StudyCalculations:
    """A plan and the calculations of it.

    Parameters
    ----------
    plan
        What was to be computed.
    documents
        By the plan's labels, each of them; what left no result is there with its reason.
    """

    def __init__(self, plan: StudyPlan, documents: Mapping[str, CalculationDocument]) -> None:
        self.plan = plan
        self.documents = documents
        self._best = {t: self._lowest(t) for t in plan.terminations}
        self._bonds = {t: self._bonds_of(t) for t in plan.terminations}

    def host(self, planned: PlannedHost) -> CalculationDocument:
        """Return the calculation of a host: of a coated pristine one its best interface's."""
        if planned.termination is not None and not planned.removed:
            return self._best[planned.termination]
        return self.documents[planned.label]

    @property
    def bonded(self) -> dict[str, list[int] | None]:
        """For each termination the O bonded to the coating's former, as indices of the bare slab.

        None where its interface has no structure.
        """
        return {t: None if b is None else bonded_oxygens(b) for t, b in self._bonds.items()}

    @property
    def fingerprint(self) -> Fingerprint | None:
        """That of a host, which has the U that O2 and Li have no use for, if there is one.

        What did not complete does not know its engine's version yet and stands behind.
        """
        made = [*map(self.host, self.plan.hosts), *self.documents.values()]
        ordered = sorted(made, key=lambda document: document.status != "completed")
        return next((d.fingerprint for d in ordered if d.fingerprint is not None), None)

    def interface(self, termination: str) -> InterfaceCalculations:
        """Return the calculations of one termination."""
        planned = self.plan.candidates(termination)
        return InterfaceCalculations(
            planned=planned,
            candidates=[self.documents[one.label] for one in planned],
            best=self._best[termination],
            bonds=self._bonds[termination] or [],
            bare=self.documents[self.plan.hosts[0].label],
            oxide=self.documents[part_label(termination, "oxide")],
            coating=self.documents[part_label(termination, "coating")],
            crystal=self.documents.get(COATING_CRYSTAL),
            lithium=self.documents[LITHIUM],
        )

    def _lowest(self, termination: str) -> CalculationDocument:
        """Return the best candidate, or what stands for it if none completed."""
        candidates = [self.documents[one.label] for one in self.plan.candidates(termination)]
        best = lowest_energy(candidates)
        if best is not None:
            return candidates[best]
        tried = next((document for document in candidates if document.status != "missing"), None)
        if tried is not None:
            return tried
        reasons = "; ".join(f"{one.label}: {one.reason}" for one in candidates)
        return not_computed(f"interface_{termination}", "missing", reasons)

    def _bonds_of(self, termination: str) -> list[InterfaceBond] | None:
        best = self._best[termination]
        if best.structure is None:
            return None
        planned = self.plan.candidates(termination)[0]
        return interface_bonds(best.structure, planned.llo_sites, planned.coating_sites)
