"""What the electrons of a study's hosts and interfaces did: read from its static calculations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.analysis.electronic.site_band_centers import class_densities
from llo_dft.documents.study_result import BandCenterResult, ChargeDifferenceResult
from llo_dft.errors import InputError
from llo_dft.runs.charge_difference import charge_difference, write_charge_difference
from llo_dft.runs.orbital_centers import centers_of

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.calculations.cache import CalculationCache
    from llo_dft.documents.plan import PlannedHost, PlannedStatic, StudyPlan
    from llo_dft.documents.study_result import CalculationRecord, HostResult, StudyResult


def with_electrons(
    result: StudyResult, plan: StudyPlan, cache: CalculationCache, folder: Path
) -> StudyResult:
    """Return the result with band centres and charge differences; their files are written.

    What can't be read, or was not computed, stands there with the reason.
    """
    if not plan.statics:
        return result
    reader = _Reader(result, plan, cache, folder)
    hosts = {host.label: host for host in plan.hosts}
    whole = [static for static in plan.statics if static.part is None]
    coated = [hosts[s.host] for s in plan.statics if s.part == "coating"]
    return result.model_copy(
        update={
            "band_centers": [reader.band_centers(static, hosts[static.host]) for static in whole],
            "charge_differences": [reader.charge_difference(host) for host in coated],
        }
    )


class _Reader:
    """Where the static calculations of a study are."""

    def __init__(
        self, result: StudyResult, plan: StudyPlan, cache: CalculationCache, folder: Path
    ) -> None:
        self._plan = plan
        self._cache = cache
        self._folder = folder
        self._records = {record.label: record for record in result.calculations}
        self._hosts = {host.label: host for host in result.hosts}

    def band_centers(self, static: PlannedStatic, host: PlannedHost) -> BandCenterResult:
        """Return the O 2p centres of a host, and draw the densities."""
        record = self._records[static.label]
        found = BandCenterResult(
            system=host.system,
            termination=host.termination,
            lithium_fraction=host.lithium_fraction,
            centers=None,
            reason=_why_not(record),
            calculation=record.key,
        )
        if record.status != "completed" or record.key is None:
            return found
        classes = self._classes(host, self._hosts[host.label])
        try:
            centers, densities = centers_of(
                self._cache.folder / record.key, ("O", "p"), "vbm", None, classes=classes
            )
        except InputError as error:
            return found.model_copy(update={"reason": str(error)})
        from llo_dft.report.figures.density_of_states import (  # noqa: PLC0415 (matplotlib)
            save_density_of_states,
        )

        centers = centers.model_copy(update={"label": host.label})
        figure = f"dos_{host.label}.png"
        save_density_of_states(class_densities(densities, centers), self._folder / figure)
        return found.model_copy(update={"centers": centers, "figure": figure, "reason": None})

    def charge_difference(self, host: PlannedHost) -> ChargeDifferenceResult:
        """Return what moved when a pristine interface was made, and write its files."""
        name = str(host.termination)
        labels = [f"{host.label}_static"]
        labels += [f"{host.label}_{part}_static" for part in ("oxide", "coating")]
        records = [self._records[label] for label in labels]
        faults = [f"{r.label}: {_why_not(r)}" for r in records if r.status != "completed"]
        if faults:
            return ChargeDifferenceResult(termination=name, reason="; ".join(faults))
        whole, oxide, coating = (self._cache.folder / str(record.key) for record in records)
        target = self._folder / f"charge_difference_{name}"
        try:
            document, grids = charge_difference((whole, oxide, coating))
            if not target.exists():
                write_charge_difference(target, document, grids)
        except InputError as error:
            return ChargeDifferenceResult(termination=name, reason=str(error))
        return ChargeDifferenceResult(
            termination=name,
            electrons_moved=document.absolute_e,
            residual_e=document.residual_e,
            folder=target.name,
        )

    def _classes(self, host: PlannedHost, relaxed: HostResult) -> dict[int, str]:
        """Return the class of each O of a host, by its site there."""
        coating = self._plan.coating_positions(host)
        found = dict.fromkeys(coating, "coating")
        bonded = set(relaxed.bonded_to_former)
        for bare, site in enumerate(self._plan.positions(host)):
            if site is not None and bare in host.environments:
                name = f"{host.classes[bare]} {host.environments[bare].layer}"
                found[site] = f"{name}, bonded to P" if bare in bonded else name
        return found


def _why_not(record: CalculationRecord) -> str | None:
    if record.status == "completed":
        return None
    return record.reason or f"its calculation is {record.status}"
