"""Every structure of a plan as a CIF file, and manifest.json, which describes each."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifWriter

from llo_dft.builders.cell_checks import formal_dipole, is_symmetric
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.builders.surface.symmetry import symmetry_dataset
from llo_dft.documents.asked_and_built import asked_and_built
from llo_dft.documents.atom_identity import places
from llo_dft.documents.plan import PlannedHost, PlannedInterface, StudyPlan
from llo_dft.study.folder import write_whole
from llo_dft.study.planning.hosts import sheets_here

#: Fields of planned hosts and vacancies in the manifest.
_OF_A_HOST = {
    *("lithium_fraction", "requested_lithium_fraction", "n_holes"),
    *("system", "termination"),
}
_OF_A_VACANCY = {"site", "site_class", "environment", "degeneracy"}


def write_structures(
    plan: StudyPlan, folder: Path, no_crossings: str | None = None
) -> list[dict[str, Any]]:
    """Write ``structures/*.cif`` and ``manifest.json``; return the entries of the manifest.

    ``no_crossings`` is why the engine's settings will state no crossing (``Engine.no_crossings``).
    """
    target = folder / "structures"
    target.mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, Any]] = []
    for name, structure, facts in _planned(plan):
        file = f"structures/{name}.cif"
        write_whole(folder / file, str(CifWriter(structure, significant_figures=10)))
        entries.append({"file": file, **_entry(structure), **facts})
    manifest = {
        "study": plan.study,
        "seed": plan.seed,
        "composition": plan.composition,
        "requested_composition": plan.requested_composition,
        "composition_deviation": round(plan.composition_deviation, 6),
        "formal_charge_per_o2": round(plan.formal_charge_per_o2, 6),
        "built": [row.model_dump() for row in asked_and_built(plan)],
        "notes": plan.notes,
        "no_crossings": no_crossings,
        "n_calculations": plan.n_calculations,
        "calculations": plan.labels,
        "structures": entries,
    }
    write_whole(folder / "manifest.json", json.dumps(manifest, indent=1) + "\n")
    return entries


def _planned(plan: StudyPlan) -> list[tuple[str, Structure, dict[str, Any]]]:
    """Return name, structure and planned data of each."""
    rows: list[tuple[str, Structure, dict[str, Any]]] = [
        ("bulk", plan.bulk, {"kind": "bulk", "lithium_fraction": 1.0, "stoichiometric": True}),
        ("Li", plan.lithium_metal, {"kind": "reference"}),
    ]
    for crystal in plan.bulk_hosts:
        charged = plan.bulk.copy()
        charged.remove_sites(crystal.removed)
        facts = {"lithium_fraction": crystal.lithium_fraction, "stoichiometric": True}
        rows.append((crystal.label, charged, {"kind": "bulk", **facts}))
    if plan.coating_crystal is not None:
        rows.append((plan.coating_label, plan.coating_crystal, {"kind": "reference"}))
    for host in plan.hosts:
        slab = plan.host_structure(host)
        facts = host.model_dump(include=_OF_A_HOST)
        stoichiometric = host.termination is None and _matches_bulk(plan, host, slab)
        about = {"kind": "host", **facts, "stoichiometric": stoichiometric}
        about |= _slab_facts(plan, slab)
        rows.append((host.label, slab, about))
        for vacancy in host.vacancies:
            made = plan.vacancy_structure(host, vacancy)
            if made is None or vacancy.environment is None:
                continue  # at an O that only the relaxed interface determines
            about = {
                "kind": "vacancy",
                "lithium_fraction": host.lithium_fraction,
                **vacancy.model_dump(include=_OF_A_VACANCY),
                "stoichiometric": False,
                **_slab_facts(plan, made),
            }
            rows.append((host.vacancy_label(vacancy), made, about))
    rows += [(one.label, one.structure, _interface_facts(plan, one)) for one in plan.interfaces]
    return rows


def _interface_facts(plan: StudyPlan, one: PlannedInterface) -> dict[str, Any]:
    pristine = next(host for host in plan.hosts if host.termination == one.termination)
    facts = one.model_dump(exclude={"structure"})
    return {
        "kind": "interface",
        "lithium_fraction": pristine.lithium_fraction,
        "stoichiometric": one.film_is_stoichiometric and one.li_removed_for_charge == 0,
        **facts,
        "environments": _environments(plan, one.structure),
    }


def _entry(structure: Structure) -> dict[str, Any]:
    return {
        "formula": structure.composition.formula.replace(" ", ""),
        "n_atoms": len(structure),
        "space_group": str(symmetry_dataset(structure).international),
        "symmetric": is_symmetric(structure),
    }


def _slab_facts(plan: StudyPlan, slab: Structure) -> dict[str, Any]:
    return {
        "formal_dipole_e_angstrom": round(formal_dipole(slab, plan.bulk), 6) + 0.0,
        "environments": _environments(plan, slab),
    }


def _environments(plan: StudyPlan, slab: Structure) -> dict[str, int]:
    """Return how many O of the oxide are in each environment and layer."""
    here = places(slab)
    sheets = sheets_here(plan.sheets, here)
    found = oxygen_environments(slab, sheets, llo_sites=here.values()).values()
    return dict(sorted(Counter(f"{one.label} {one.layer}" for one in found).items()))


def _matches_bulk(plan: StudyPlan, host: PlannedHost, slab: Structure) -> bool:
    """Return whether a host has exactly its bulk's composition minus the Li that left."""
    whole = slab.composition.get_el_amt_dict()
    whole["Li"] = whole.get("Li", 0.0) + len(host.removed)
    bulk = plan.bulk.composition.get_el_amt_dict()
    units = whole["O"] / bulk["O"]
    return all(math.isclose(whole.get(e, 0.0), units * n) for e, n in bulk.items())
