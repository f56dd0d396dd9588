"""Pictures of the planned slabs, with the oxygens that will be removed marked."""

from pathlib import Path

from pymatgen.core.structure import Structure

from llo_dft.documents.atom_identity import places
from llo_dft.documents.labels import system_name
from llo_dft.documents.plan import StudyPlan
from llo_dft.recipe import Recipe
from llo_dft.report.figures.structure_picture import save_views
from llo_dft.report.titles import plane_text
from llo_dft.study.planning.planned_interfaces import coating_plane


def draw_hosts(plan: StudyPlan, recipe: Recipe, folder: Path) -> None:
    """Write a picture of each host and interface beside its CIF."""

    def draw(
        label: str, structure: Structure, title: str, marks: list[tuple[int, str]], *means: str
    ) -> None:
        path = folder / "structures" / f"{label}.png"
        if path.is_symlink():  # the picture would be written through it
            path.unlink()
        here = places(structure)
        marked = {here[site]: text for site, text in marks}
        save_views(structure, path, f"{title}, unrelaxed", marked, *means)

    slab = f"{plan.composition} {plane_text(recipe.slab.miller)}"
    for host in plan.hosts:
        system = system_name(host.system, host.termination)
        title = f"{slab}, {system}, x = {host.lithium_fraction:.3f}"
        removed = [
            (vacancy.site, f"{vacancy.pair} {vacancy.site_class}")
            for vacancy in host.vacancies
            if vacancy.site is not None
        ]
        draw(host.label, plan.host_structure(host), title, removed)
    # a setting names the plane on its own axes
    coating = recipe.coating
    named = coating.plane if coating is not None and coating.setting else coating_plane(plan)
    plane = plane_text(named) if named else ""
    for one in plan.interfaces:
        title = f"{slab} | {plan.coating_label} {plane} {one.termination}"
        formers = [one.structure[bond.former].specie.symbol for bond in one.bonds]
        bonded = [
            (bond.oxygen, f"{former}-O {bond.length_angstrom:.2f}")
            for former, bond in zip(formers, one.bonds, strict=True)
        ]
        draw(one.label, one.structure, title, bonded, "lattice O bonded to the coating")
