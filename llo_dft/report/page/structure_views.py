"""Bare slab, coated slab and decisive vacancy, as the page's 3D viewer draws them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonded_structure import bonded_structure
from llo_dft.chemistry.roles import coating_role
from llo_dft.documents.atom_identity import bare_sites, places
from llo_dft.documents.labels import system_name
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyResult
from llo_dft.report.figures.palette import element_color
from llo_dft.report.figures.structure_picture import drawn_radius
from llo_dft.report.page.page_content import ChargeMesh
from llo_dft.typing import FloatArray

#: What the viewer draws: atoms, bonds, polyhedra, marks, cell, meshes.
View = dict[str, Any]


def decisive_vacancy(result: StudyResult) -> tuple[HostResult, VacancyResult] | None:
    """Return the O that leaves most easily at the highest charge, of the coated slab if any.

    Of the vacancies that kept their lattice, if any did.
    """
    found = [
        (one.rebuilt, host.system == "bare", -host.charge.position, energy, host, one)
        for host in result.hosts
        if host.lithium_fraction is not None
        for one in host.vacancies
        if (energy := one.formation_energy_ev) is not None
    ]
    if not found:
        return None
    *_, host, vacancy = min(found, key=lambda one: one[:4])
    return host, vacancy


def shown_hosts(result: StudyResult) -> list[HostResult]:
    """Return the bare host to show and, if there is one, the coated one at equal charge."""
    decisive = decisive_vacancy(result)
    if decisive is None:
        firsts = {(host.system, host.termination): host for host in reversed(result.hosts)}
        return sorted(firsts.values(), key=lambda host: host.system)[:2]
    chosen = decisive[0]
    if chosen.system == "bare":
        return [chosen]
    bare = [h for h in result.hosts if h.system == "bare" and h.n_holes == chosen.n_holes]
    return [*bare[:1], chosen]


def structure_views(result: StudyResult, relaxed: Mapping[str, Structure]) -> list[View]:
    """Return the views side by side; missing structures are left out."""
    decisive = decisive_vacancy(result)
    views = []
    for host in shown_hosts(result):
        if (structure := relaxed.get(host.calculation or "")) is None:
            continue
        name = system_name(host.system, host.termination)
        about = {"name": f"{name[0].upper()}{name[1:]}", "caption": host.charge.text}
        marks = [] if decisive is None else _mark(structure, decisive[1], "leaves")
        views.append(view_of(structure) | about | {"marks": marks})
    if decisive is not None:
        host, vacancy = decisive
        before = relaxed.get(host.calculation or "")
        if (structure := relaxed.get(vacancy.calculation or "")) is not None:
            caption = (
                f"{system_name(host.system, host.termination)}, {vacancy.site_class}, "
                f"E_f = {vacancy.formation_energy_ev:.2f} eV"
            ) + "; lattice rebuilt" * vacancy.rebuilt
            about = {"name": f"Vacancy O{vacancy.site}", "caption": caption}
            marks = [] if before is None else _mark(before, vacancy, "vacancy")
            views.append(view_of(structure) | about | {"marks": marks})
    return views


def view_of(structure: Structure) -> View:
    """Return atoms, bonds, polyhedra and cell of a structure for the viewer, angstrom."""
    drawn = bonded_structure(structure)
    symbols = [site.specie.symbol for site in structure]
    try:
        bare: list[int] = bare_sites(structure)
    except ValueError:
        bare = [0] * len(structure)
    names = [
        f"{symbol}{number}" if number >= 0 else f"{symbol} of the coating"
        for symbol, number in zip(symbols, bare, strict=True)
    ]
    former = [
        number < 0 and coating_role(symbol) == "former"
        for symbol, number in zip(symbols, bare, strict=True)
    ]
    elements = sorted(set(symbols))
    return {
        "elements": [[one, element_color(one), drawn_radius(one)] for one in elements],
        "atoms": [
            [elements.index(symbols[owner]), *np.round(place, 3).tolist(), names[owner]]
            for place, owner in zip(drawn.points, drawn.owners, strict=True)
        ],
        "bonds": [
            [first, second, int(former[drawn.owners[first]] and bare[drawn.owners[second]] >= 0)]
            for first, second in drawn.bonds
        ],  # marked: across the interface
        "polyhedra": [
            [elements.index(symbols[drawn.owners[center]]), faces]
            for center, faces in drawn.polyhedra
        ],
        "cell": np.round(structure.lattice.matrix, 3).tolist(),
        "marks": [],
        "meshes": [],
    }


def charge_view(mesh: ChargeMesh) -> View:
    """Return the interface with the surfaces where it gained and lost electrons."""
    return view_of(mesh.document.structure) | {
        "name": f"Charge difference, {mesh.termination}",
        "caption": f"gain (yellow) and loss (blue) at ±{mesh.level:.2g} e/Å³; "
        f"{mesh.document.absolute_e:.3f} e moved",
        "meshes": [
            {"style": style, "corners": np.round(triangles.reshape(-1, 3), 2).tolist()}
            for style, triangles in (("gain", mesh.gain), ("loss", mesh.loss))
        ],
    }


def _mark(structure: Structure, vacancy: VacancyResult, word: str) -> list[Any]:
    """Return the place of an O in a host, with its name and meaning."""
    here = places(structure)
    if vacancy.site not in here:
        return []
    place: FloatArray = structure[here[vacancy.site]].frac_coords.copy()
    place[:2] %= 1.0
    at = structure.lattice.get_cartesian_coords(place)
    return [[*np.round(at, 3).tolist(), f"O{vacancy.site} {word}"]]
