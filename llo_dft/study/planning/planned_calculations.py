"""The calculations of a plan: kind and unrelaxed structure of each."""

from dataclasses import dataclass

from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.documents.atom_identity import only_part, without_atoms
from llo_dft.documents.labels import ranking_label, revisited_label
from llo_dft.documents.plan import PlannedHost, StudyPlan
from llo_dft.engines.base import Engine, MagneticMaker
from llo_dft.typing import CalculationKind


@dataclass(frozen=True)
class PlannedCalculation:
    """One calculation of a plan.

    ``structure`` is unrelaxed; None if it is known only once others are relaxed.
    """

    label: str
    kind: CalculationKind
    structure: Structure | None


def planned_calculations(plan: StudyPlan) -> list[PlannedCalculation]:
    """Return all calculations of a plan, in the order of its labels.

    Raises ``ValueError`` if the plan has an unknown label.
    """
    found: dict[str, tuple[CalculationKind, Structure | None]] = {
        "O2": ("molecule_relax", o2_in_box()),
        "Li": ("bulk_relax", plan.lithium_metal),
        "bulk": ("bulk_relax", plan.bulk),
        plan.coating_label: ("bulk_relax", plan.coating_crystal),
    }
    for crystal in plan.bulk_hosts:
        charged = plan.bulk.copy()
        charged.remove_sites(crystal.removed)
        found[crystal.label] = "bulk_relax", charged
        found[crystal.ranking] = "ranking", charged
    for one in plan.interfaces:
        found[one.label] = "slab_relax", one.structure
    for label, (termination, part) in plan.parts.items():
        best = plan.candidates(termination)[0].structure
        found[label] = "slab_relax", only_part(best, part)
    for host in plan.hosts:
        found[host.label] = "slab_relax", plan.host_structure(host)
        found[ranking_label(host.label)] = "ranking", plan.host_structure(host)
        found[revisited_label(host.label)] = "slab_relax", None
        for order, label in enumerate(plan.relaxed_orderings(host)):
            # a ranking may find others, of the same atoms
            removed = host.orderings[min(order, len(host.orderings) - 1)]
            found[label] = "slab_relax", without_atoms(plan.pristine_structure(host), removed)
        for vacancy in host.vacancies:
            made = plan.vacancy_structure(host, vacancy)
            found[host.vacancy_label(vacancy)] = "slab_relax", made
        found |= dict.fromkeys(plan.vacancies_again(host), ("slab_relax", None))
    for static in plan.statics:
        host = next(one for one in plan.hosts if one.label == static.host)
        whole = plan.host_structure(host)
        structure = whole if static.part is None else only_part(whole, static.part)
        found[static.label] = "static", structure
    missing = [label for label in plan.labels if label not in found]
    if missing:
        raise ValueError(f"no structure is planned for {', '.join(missing)}")
    return [PlannedCalculation(label, *found[label]) for label in plan.labels]


def hosts_by_label(plan: StudyPlan) -> dict[str, PlannedHost]:
    """Return the host of each calculation whose structure may only follow from a relaxed one."""
    hosts = {host.vacancy_label(vacancy): host for host in plan.hosts for vacancy in host.vacancies}
    again = {label: host for host in plan.hosts for label in plan.vacancies_again(host)}
    return hosts | again | {revisited_label(host.label): host for host in plan.hosts}


def check_engine(engine: Engine, plan: StudyPlan, *, machine: bool = True) -> None:
    """Refuse an engine whose settings or machine don't suit a plan.

    ``machine`` is whether the calculations run here, so that programs and files must be here.

    Raises ``InputError``: one line with what came, what was expected and what to do.
    """
    structures = [
        one.structure
        for one in planned_calculations(plan)
        if one.structure is not None and one.kind != "ranking"
    ]
    engine.check(structures)
    maker = engine.maker("slab_relax")
    if isinstance(maker, MagneticMaker):
        for structure in structures:
            with_initial_moments(structure, maker.magnetic_order)
    if machine:
        engine.check_machine(structures)
