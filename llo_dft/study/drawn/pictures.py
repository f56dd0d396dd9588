"""Pictures of the planned slabs, with the oxygens that will be removed marked."""

from pathlib import Path

from llo_dft.documents.atom_identity import places
from llo_dft.documents.labels import system_name
from llo_dft.documents.plan import StudyPlan
from llo_dft.recipe import Recipe
from llo_dft.report.figures.structure_picture import save_views
from llo_dft.report.titles import plane_text


def _without_link(path: Path) -> None:
    """Remove a link that a picture would be written through."""
    if path.is_symlink():
        path.unlink()


def draw_hosts(plan: StudyPlan, recipe: Recipe, folder: Path) -> list[Path]:
    """Write a picture of each host beside its CIF; return the files."""
    files: list[Path] = []
    slab = f"{plan.composition} {plane_text(recipe.slab.miller)}"
    for host in plan.hosts:
        structure = plan.host_structure(host)
        here = places(structure)
        marked = {
            here[vacancy.site]: f"{vacancy.pair} {vacancy.site_class}"
            for vacancy in host.vacancies
            if vacancy.site is not None
        }
        path = folder / "structures" / f"{host.label}.png"
        title = (
            f"{slab}, {system_name(host.system, host.termination)}, "
            f"x = {host.lithium_fraction:.3f}, unrelaxed"
        )
        _without_link(path)
        save_views(structure, path, title, marked)
        files.append(path)
    # a setting names the plane on its own axes
    coating = recipe.coating
    named = coating.plane if coating is not None and coating.setting else plan.coating_plane
    plane = plane_text(named) if named else ""
    for one in plan.interfaces:
        here = places(one.structure)
        marked = {
            here[bond.oxygen]: (
                f"{one.structure[bond.former].specie.symbol}-O {bond.length_angstrom:.2f}"
            )
            for bond in one.bonds
        }
        path = folder / "structures" / f"{one.label}.png"
        title = f"{slab} | {plan.coating_label} {plane} {one.termination}, unrelaxed"
        _without_link(path)
        save_views(one.structure, path, title, marked, "lattice O bonded to the coating")
        files.append(path)
    return files
