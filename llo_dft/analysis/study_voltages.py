"""The voltages of a study: of its oxide's crystal, and of each of its slabs."""

from collections.abc import Iterable, Mapping, Sequence

from llo_dft.analysis.vacancy.structure_check import host_flags
from llo_dft.analysis.voltage_curve import LithiatedHost, VoltageError, voltage_curve
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import BULK, LITHIUM
from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.study_result import HostResult, lattice_rebuilt
from llo_dft.documents.voltage import VoltageResult
from llo_dft.typing import VoltageSystem


def study_voltages(
    plan: StudyPlan, documents: Mapping[str, CalculationDocument], hosts: Sequence[HostResult]
) -> list[VoltageResult]:
    """Return the voltage of the crystal, if it is planned, then those of the slabs.

    ``hosts`` are its slabs.
    """
    metal = documents[LITHIUM]
    found: list[VoltageResult] = []
    if plan.bulk_hosts:
        n_li = len(plan.bulk.indices_from_symbol("Li"))
        contents = {BULK: (n_li, 1.0)}
        contents |= {one.label: (one.n_li, one.lithium_fraction) for one in plan.bulk_hosts}
        crystals = [
            LithiatedHost(n, energy, x, label)
            for label, (n, x) in contents.items()
            if (energy := documents[label].energy_ev) is not None
        ]
        rebuilt = [label for label in contents if lattice_rebuilt(host_flags(documents[label]))]
        found.append(_voltage("bulk", None, crystals, metal, rebuilt))
    for system, termination in dict.fromkeys((host.system, host.termination) for host in hosts):
        mine = [h for h in hosts if (h.system, h.termination) == (system, termination)]
        slabs = [
            LithiatedHost(h.n_li, h.energy_ev, h.fraction, h.label)
            for h in mine
            if h.energy_ev is not None and h.n_li is not None
        ]
        rebuilt = [host.label for host in mine if lattice_rebuilt(host.flags)]
        found.append(_voltage(system, termination, slabs, metal, rebuilt))
    return found


def onset_v(voltages: Sequence[VoltageResult]) -> float | None:
    """Return the voltage at which the oxide begins to lose Li: the crystal's, if known."""
    curve = voltages[0].curve if voltages else None
    return None if curve is None or not curve.steps else curve.steps[0].voltage_v


def _voltage(
    system: VoltageSystem,
    termination: str | None,
    hosts: Iterable[LithiatedHost],
    metal: CalculationDocument,
    rebuilt: list[str],
) -> VoltageResult:
    curve, reason = None, None
    if metal.energy_ev is None or metal.structure is None:
        reason = f"Li metal has no energy: {metal.reason}"
    else:
        per_atom = metal.energy_ev / len(metal.structure)
        try:
            curve = voltage_curve(hosts, per_atom, "Li metal by the engine itself", system)
        except VoltageError as error:
            reason = str(error)
    counted = {point.label for point in ([] if curve is None else curve.points) if point.stable}
    rebuilt = [label for label in rebuilt if label in counted]
    return VoltageResult(
        system=system, termination=termination, curve=curve, reason=reason, rebuilt=rebuilt
    )
