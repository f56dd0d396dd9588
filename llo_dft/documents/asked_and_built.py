"""What a recipe asks for, beside what was built for it from whole atoms."""

from typing import Final

from llo_dft.documents.document import Document
from llo_dft.documents.labels import system_name
from llo_dft.documents.plan import PlannedHost, StudyPlan

#: Atoms per O2; compositions that differ by less are the same.
DEVIATION_RESOLUTION: Final = 1e-6


class AskedAndBuilt(Document):
    """One requested property, and what was built."""

    what: str
    asked: str
    built: str


def asked_and_built(plan: StudyPlan) -> list[AskedAndBuilt]:
    """Return composition, charge, coatings and the state of charge of each host of a plan."""
    charge = plan.formal_charge_per_o2
    rows = [
        AskedAndBuilt(
            what="composition",
            asked=plan.requested_composition,
            built=f"{plan.composition} (off by at most {plan.composition_deviation:.3f} per O2)"
            if plan.composition_deviation > DEVIATION_RESOLUTION
            else plan.composition,
        ),
        AskedAndBuilt(
            what="formal charge",
            asked="0 e per O2",
            built=f"{charge:+.2f} e per O2 that no metal can balance" if charge else "0 e per O2",
        ),
    ]
    for name in plan.terminations:
        one = plan.candidates(name)[0]
        gone = one.li_removed_for_charge
        rows.append(
            AskedAndBuilt(
                what=f"coating {name}",
                asked="no net charge",
                built=f"{gone} Li removed from the oxide" if gone else "neutral as it is",
            )
        )
    bare = {host.requested_lithium_fraction: host for host in plan.hosts if not host.termination}
    return rows + [
        _of_host(plan, host, bare[host.requested_lithium_fraction]) for host in plan.hosts
    ]


def _of_host(plan: StudyPlan, host: PlannedHost, bare: PlannedHost) -> AskedAndBuilt:
    asked = f"x = {host.requested_lithium_fraction:g}"
    if host.termination is not None:
        asked = f"{plan.charge_of(bare).holes_per_tm:.3f} holes per TM"
    charge = plan.charge_of(host)
    return AskedAndBuilt(
        what=system_name(host.system, host.termination),
        asked=asked,
        built=f"x = {host.lithium_fraction:.3f}, {charge.holes_per_tm:.3f} holes per TM, "
        f"{charge.capacity_mah_per_g:.0f} mAh/g",
    )
