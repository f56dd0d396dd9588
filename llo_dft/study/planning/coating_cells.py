"""The coating's crystal and film, and the cells of the oxide that the film fits on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.own_crystal import n_sheets
from llo_dft.builders.coating.film import (
    CoatingFilm,
    best_termination,
    build_film,
    film_terminations,
)
from llo_dft.builders.coating.named_plane import phosphate_plane
from llo_dft.builders.matching.find_matches import LatticeMatch, NoMatchError, find_matches
from llo_dft.chemistry.roles import coating_role
from llo_dft.documents.plan import PlannedInterface
from llo_dft.errors import InputError
from llo_dft.recipe import HELD_STRAIN, Coating, Recipe
from llo_dft.resources import load_structure, resource_path
from llo_dft.study.machine import check_size
from llo_dft.study.planning.cif_input import cathode_parent, read_cif
from llo_dft.typing import FloatArray, IntArray

#: Where no cell fits, those up to this times the largest area are named; those on which the coating
#: is strained more than this are not.
_NAMED_AREAS: Final = 3.0
_LARGEST_STRAIN: Final = 0.12

#: Rounding errors of equal areas, relative, and of equal strains.
_AREA_TOLERANCE: Final = 1e-3
_STRAIN_TOLERANCE: Final = 1e-6

#: A layer of the coating has at least one pair of ions.
_FEWEST_ATOMS_PER_LAYER: Final = 2

#: Other names of shipped crystals.
_PHASES: Final = {"beta": "Li3PO4_beta", "gamma": "Li3PO4_gamma"}


@dataclass(frozen=True)
class CoatingCell:
    """A supercell of the cathode, and principal strains of the coating on it.

    Its atoms are those of oxide and coating together, including Li removed to balance charges.
    """

    supercell: tuple[int, int]
    area_a2: float
    strains: tuple[float, float]
    n_atoms: int

    @property
    def max_strain(self) -> float:
        """The larger absolute strain."""
        return max(map(abs, self.strains))

    def __str__(self) -> str:
        """Return it as readable text."""
        return (
            f"{list(self.supercell)} ({self.area_a2:.0f} A^2) by {strain_text(self.strains)} "
            f"with {self.n_atoms} atoms"
        )


def coating_crystal(coating: Coating, folder: Path) -> Structure:
    """Return the crystal that a coating is cut from.

    Raises ``InputError`` if there is no crystal of that name.
    """
    if coating.phase.lower().endswith(".cif"):
        return _unlabelled(read_cif(folder / Path(coating.phase).expanduser()))
    try:
        return _unlabelled(load_structure(_PHASES.get(coating.phase, coating.phase)))
    except FileNotFoundError as error:
        known = sorted(
            path.stem
            for path in resource_path("structures", "PROVENANCE.toml").parent.glob("*.cif")
        )
        raise InputError(
            f"coating.phase = {coating.phase!r}; expected {', '.join([*_PHASES, *known])} or a CIF "
            "file"
        ) from error


def _unlabelled(crystal: Structure) -> Structure:
    """Return a crystal without its CIF's labels, which are not one per site."""
    return type(crystal)(crystal.lattice, crystal.species, crystal.frac_coords)


def coating_film(
    recipe: Recipe, coating: Coating, termination: str | None, folder: Path
) -> CoatingFilm:
    """Return one cell of the coating's film with a termination towards the oxide.

    Without one, that of the most stable film (``best_termination``).

    Raises ``InputError`` as for ``coating_crystal``; if there is no such termination, or the film
    is too large.
    """
    crystal = coating_crystal(coating, folder)
    plane = coating.plane
    if coating.setting is not None:
        plane = phosphate_plane(crystal, coating.setting)
    check_size(
        coating.layers * _FEWEST_ATOMS_PER_LAYER,
        "the coating",
        f"coating.layers = {coating.layers}",
    )
    layers, vacuum = coating.layers, recipe.slab.vacuum
    try:
        if termination is None:
            return best_termination(film_terminations(crystal, plane, layers=layers, vacuum=vacuum))
        return build_film(crystal, plane, bottom=termination, layers=layers, vacuum=vacuum)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"coating.phase = {coating.phase!r}: {error}") from error


def asked_terminations(coating: Coating) -> list[str | None]:
    """Return the terminations of a coating; a single None means the best."""
    return [None] if coating.terminations is None else [*coating.terminations]


def opened_terminations(recipe: Recipe, coating: Coating, folder: Path) -> list[str]:
    """Return the terminations whose outermost formers lack anions that an oxide's O can replace."""
    films = [coating_film(recipe, coating, one, folder) for one in asked_terminations(coating)]
    return [
        film.bottom.name
        for film in films
        if film.bottom.missing and any(coating_role(s) == "former" for s in film.composition)
    ]


def strain_text(strains: tuple[float, float]) -> str:
    """Return two principal strains as percent."""
    return "/".join(f"{100 * strain:+.1f}" for strain in strains) + " %"


def match_on_cell(film: FloatArray, cell: FloatArray, max_strain: float) -> LatticeMatch:
    """Return the match of a film on an unchanged cell that strains the film least.

    ``film`` and ``cell`` are in-plane vectors as rows, (2, 3).

    Raises ``NoMatchError`` if all strain it by more than ``max_strain``.
    """
    area = float(np.linalg.norm(np.cross(*cell)))
    found = find_matches(film, cell, max_area=(1 + _AREA_TOLERANCE) * area, max_strain=max_strain)
    return min(found, key=lambda match: match.max_strain)


def coating_cells(
    recipe: Recipe, coating: Coating, folder: Path, slab: Structure | None = None
) -> list[CoatingCell]:
    """Return the cells within ``coating.max_area``, each with less strain than all smaller ones.

    Atoms are counted with the first termination. A CIF named by the recipe is relative to
    ``folder``. The cells are those of ``cathode.supercell`` on (001); on another plane, whose
    cell follows from the crystal's, those of ``cathode.repeat``, and need the slab.
    """
    film = coating_film(recipe, coating, asked_terminations(coating)[0], folder).structure
    repeat = np.array(recipe.cathode.repeat)
    if recipe.slab.is_basal:
        parent = cathode_parent(recipe, folder)
        layers = len(parent) // n_sheets(parent) * recipe.slab.tm_layers
        plane = parent.lattice.matrix[:2] * repeat[:, None]
        n_slab = math.prod(recipe.cathode.repeat) * layers
    elif slab is None:
        return []
    else:
        plane = slab.lattice.matrix[:2] / repeat[:, None]
        n_slab = len(slab) // int(repeat.prod())
    area = float(np.linalg.norm(np.cross(*plane)))
    most = int(coating.max_area / area + _AREA_TOLERANCE)
    found: list[CoatingCell] = []
    for a in range(1, most + 1):
        for b in range(1, most // a + 1):
            try:
                match = match_on_cell(
                    film.lattice.matrix[:2], plane * np.array([[a], [b]]), _LARGEST_STRAIN
                )
            except NoMatchError:
                continue
            n_atoms = a * b * n_slab
            n_atoms += round(abs(np.linalg.det(match.film_transformation))) * len(film)
            found.append(CoatingCell((a, b), a * b * area, match.principal_strains, n_atoms))
    found.sort(key=lambda cell: (cell.supercell[0] * cell.supercell[1], cell.max_strain))
    return [
        cell
        for i, cell in enumerate(found)
        if all(cell.max_strain < one.max_strain - _STRAIN_TOLERANCE for one in found[:i])
    ]


def fitting_supercells(recipe: Recipe, coating: Coating, folder: Path) -> list[tuple[int, int]]:
    """Return those of ``coating_cells`` that strain the coating within the limit, smallest first.

    Raises ``InputError`` if no cell within ``coating.max_area`` strains it by at most
    ``coating.max_strain``.
    """
    cells = coating_cells(recipe, coating, folder)
    fitting = [cell.supercell for cell in cells if cell.max_strain <= coating.max_strain]
    if not fitting:
        wider = coating.model_copy(update={"max_area": _NAMED_AREAS * coating.max_area})
        cells = coating_cells(recipe, wider, folder)
        own = "" if recipe.cathode.file else ", or cathode.cif, for multiples of its own cell"
        raise InputError(
            f"no {_key(recipe).partition('.')[2]} up to coating.max_area = {coating.max_area:g} "
            f"A^2 strains the coating by at most coating.max_strain = {coating.max_strain:g}"
            f"{_listed(recipe, cells)}. Raise one of the two, or use another phase or setting{own}"
        )
    return fitting


def fitting_shape(recipe: Recipe, coating: Coating, folder: Path, oxide: Structure) -> IntArray:
    """Return the smallest cell of a plane, (2, 2), on a and b of the oxide, that the coating fits.

    Raises ``InputError`` if no cell within ``coating.max_area`` strains it by at most
    ``coating.max_strain``.
    """
    film = coating_film(recipe, coating, asked_terminations(coating)[0], folder).structure
    film_cell, cell = film.lattice.matrix[:2], oxide.lattice.matrix[:2]
    most, area = coating.max_strain, coating.max_area
    try:
        found = find_matches(film_cell, cell, max_area=area, max_strain=most)
    except NoMatchError as error:
        raise InputError(
            f"no cell of {list(recipe.slab.miller)} up to coating.max_area = {area:g} A^2 "
            f"strains the coating by at most coating.max_strain = {most:g}. "
            f"Widen one of the two, or take another phase or setting: {error}"
        ) from error
    best = min(found, key=lambda match: (round(match.area_a2, 2), match.max_strain))
    return best.substrate_transformation


def too_strained(recipe: Recipe, coating: Coating, folder: Path, slab: Structure) -> str:
    """Return advice for a given cell that strains the coating beyond ``max_strain``."""
    cells = _listed(recipe, coating_cells(recipe, coating, folder, slab))
    return (
        f"Raise coating.max_strain = {coating.max_strain:g}, or leave {_key(recipe)} out, for "
        f"the smallest that fits{cells}"
    )


def strain_notes(
    recipe: Recipe, interfaces: Sequence[PlannedInterface], folder: Path, slab: Structure
) -> list[str]:
    """Return a note on an unrealistically strained coating, with cells of less strain.

    All terminations are cut from one crystal on one cell, so their strain is the same.
    """
    if recipe.coating is None or not interfaces:
        return []
    strains = interfaces[0].coating_strain
    worst = max(map(abs, strains))
    if worst <= HELD_STRAIN:
        return []
    cells = coating_cells(recipe, recipe.coating, folder, slab)
    less = [cell for cell in cells if cell.max_strain < worst]
    note = (
        f"the coating is strained by {strain_text(strains)}, but an oxide coating sustains at "
        f"most {HELD_STRAIN:.0%}: this is a demonstration, whose energies are not those of a "
        f"real coating{_listed(recipe, less)}"
    )
    return [note]


def _key(recipe: Recipe) -> str:
    return "cathode.supercell" if recipe.slab.is_basal else "cathode.repeat"


def _listed(recipe: Recipe, cells: Sequence[CoatingCell]) -> str:
    return f"; {_key(recipe)} strains it: {', '.join(map(str, cells))}" if cells else ""
