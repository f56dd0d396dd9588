"""The oxide of a study: its crystal and slab, on the requested cell or one that is found."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.bulk import build_bulk, on_supercell, tm_layer_sites
from llo_dft.builders.cathode.composition import CompositionError, check_neutral
from llo_dft.builders.cathode.own_crystal import by_main_element, n_sheets, ordered_crystal
from llo_dft.builders.cell_checks import (
    check_usable,
    formal_charge,
    formal_dipole,
    is_stoichiometric,
)
from llo_dft.builders.surface.general_slab import plane_cuts
from llo_dft.builders.surface.hexagonal_plane import index_in_cell
from llo_dft.builders.surface.slab import SlabError, SlabModel, build_slab, stacks
from llo_dft.builders.surface.surface_lattice import oriented_cell
from llo_dft.builders.surface.symmetry import SYMMETRY_TOLERANCE, primitive_cell
from llo_dft.builders.surface.terminations import build_termination
from llo_dft.chemistry.heights import cell_height
from llo_dft.errors import InputError
from llo_dft.recipe import Coating, Recipe, Slab
from llo_dft.resources import load_structure
from llo_dft.study.machine import check_size
from llo_dft.study.planning.cif_input import cathode_parent
from llo_dft.study.planning.coating_cells import fitting_shape, fitting_supercells
from llo_dft.study.planning.coating_shapes import fitting_shapes
from llo_dft.typing import KeptOperation

#: Most O in one plane of a supercell in the search, as many as sites in the metal layer.
LARGEST_LAYER: Final = 36

#: Cells that realise the composition but give no slab, before the search ends.
MOST_TRIED: Final = 8

#: Cells of any shape that a coating fits, of which most can't hold the composition, tried.
MOST_SHAPES: Final = 40

#: Most elongated supercell in the search, long edge to short one.
MOST_ELONGATED: Final = 4.0

#: Shortest edge of a cell of another plane than (001), angstrom: a vacancy is no nearer to its own
#: image than on the smallest (001) cell.
SHORTEST_EDGE: Final = 4.9

#: Most that a fraction of Li may be off on the cell that is found, were all its Li in pairs.
_FRACTION_TOLERANCE: Final = 1 / 6 + 1e-9

#: Within which a crystal that a formula orders on the cell of Li2MnO3 repeats in it, angstrom.
_OF_THE_PARENT: Final = 0.3

#: Difference from the requested sheets that is rounding of a thickness.
_ROUNDING: Final = 0.02

#: Site property of the atoms in the metal layers, while a cell is turned.
_IN_SHEET: Final = "in_sheet"

#: Errors that another supercell may avoid.
_OF_THE_CELL: Final = (CompositionError, SlabError)


@dataclass(frozen=True)
class Oxide:
    """The oxide as built."""

    recipe: Recipe
    """The study, with the supercell that was used."""
    bulk: Structure
    """Ordered; a and b span the plane of the slab."""
    formula: str
    """Per O2."""
    deviation: float
    """Largest deviation of an element from the requested amount, per O2."""
    slab: SlabModel
    """The slab cut from it."""
    notes: list[str]
    """Notes for the reader."""


def build_oxide(recipe: Recipe, folder: Path) -> Oxide:
    """Build crystal and slab, on the smallest suitable supercell if the recipe names none.

    On another plane than (001) the cell follows from the crystal's: the smallest of the plane, made
    wider so that a coating fits, unless the recipe repeats it.

    Files named in the recipe are relative to ``folder``.

    Raises ``InputError`` as for the builders; if another supercell would work, the message names
    it.
    """
    return _on_supercell(recipe, cathode_parent(recipe, folder), folder)


def _on_supercell(recipe: Recipe, parent: Structure, folder: Path) -> Oxide:
    cathode = recipe.cathode
    if cathode.supercell is None and cathode.shape is None:
        if recipe.coating is None or not recipe.slab.is_basal:
            cells = list(_supercells(parent))
            try:
                return _first_that_does(recipe, parent, folder, cells)
            except SlabError:
                if recipe.slab.is_basal:
                    raise
                return _first_that_does(recipe, parent, folder, cells, mixed=True)
        try:
            fitting = fitting_supercells(recipe, recipe.coating, folder)
            return _first_that_does(recipe, parent, folder, fitting)
        except InputError as error:
            return _on_shape(recipe, recipe.coating, folder, error)
    try:
        return _built(recipe, parent, folder)
    except _OF_THE_CELL as error:
        if cathode.shape is not None:
            raise
        try:
            other = _first_that_does(recipe, parent, folder, list(_supercells(parent)))
        except _OF_THE_CELL:
            raise error from None
        does = list(other.recipe.cathode.supercell or ())
        raise type(error)(f"{error}. cathode.supercell = {does} would work") from error


def _on_shape(recipe: Recipe, coating: Coating, folder: Path, problem: InputError) -> Oxide:
    """Return the oxide on the first cell of any shape that the coating fits.

    Raises ``problem`` if there is none.
    """
    found = fitting_shapes(recipe, coating, folder) if recipe.cathode.repeat == (1, 1) else []
    for study, note in itertools.islice(found, MOST_SHAPES):
        try:
            oxide = _built(study, cathode_parent(study, folder), folder)
        except _OF_THE_CELL:
            continue
        return replace(oxide, notes=[note, *oxide.notes])
    raise problem


def _supercells(parent: Structure) -> Iterator[tuple[int, int]]:
    """Yield supercells by size, of each size the least elongated first."""
    most = max(int(LARGEST_LAYER * 2 * n_sheets(parent) / parent.composition["O"]), 1)
    every = range(1, most + 1)

    def elongation(cell: tuple[int, int]) -> float:
        lengths = np.array(cell) * parent.lattice.abc[:2]
        return round(float(lengths.max() / lengths.min()), 6)

    found = [(a, b) for a in every for b in every if a * b <= most]
    slim = [cell for cell in found if elongation(cell) <= MOST_ELONGATED] or found[:1]
    yield from sorted(slim, key=lambda cell: (math.prod(cell), elongation(cell), cell))


def _first_that_does(
    recipe: Recipe,
    parent: Structure,
    folder: Path,
    supercells: list[tuple[int, int]],
    *,
    mixed: bool = False,
) -> Oxide:
    """Return the oxide on the first cell on which it can be built.

    Otherwise raise the error of the last cell that realises the composition, or of the first.
    """
    problem: InputError | None = None
    n_held = 0
    for supercell in supercells:
        cathode = recipe.cathode.model_copy(update={"supercell": supercell})
        try:
            one = recipe.model_copy(update={"cathode": cathode})
            return _built(one, parent, folder, mixed=mixed)
        except _OF_THE_CELL as error:
            if problem is None or isinstance(error, SlabError):
                problem = error
            n_held += isinstance(error, SlabError)
            if n_held == MOST_TRIED:
                break
    raise problem or SlabError("no supercell was tried")


def _built(recipe: Recipe, parent: Structure, folder: Path, *, mixed: bool = False) -> Oxide:
    bulk, formula, deviation = _bulk(recipe, parent)
    notes = []
    if recipe.slab.is_basal:
        bulk = _repeated(bulk, recipe)
        slab = _slab(recipe, bulk)
    else:
        bulk, slab, note = _slab_of_plane(recipe, bulk, parent, folder, mixed=mixed)
        notes.append(note)
    if slab.turn_over is None:
        dipole = formal_dipole(slab.structure, bulk)
        notes.append(
            "no operation turns this slab over: its faces differ, and its formal charges have a "
            f"dipole of {dipole:+.2f} e angstrom along the normal. VASP and GPAW correct for the "
            f"field of a dipole, a potential has none; vacancies are made on the face at the "
            f"{recipe.vacancies.side} (vacancies.side)"
        )
    if not is_stoichiometric(slab.structure, bulk):
        notes.append(
            f"this slab is {slab.structure.composition.reduced_formula}, its crystal "
            f"{bulk.composition.reduced_formula}: a formal charge of "
            f"{formal_charge(slab.structure, bulk):+g} e remains on its metals and O"
        )
    return Oxide(recipe, bulk, formula, deviation, slab, notes)


def _bulk(recipe: Recipe, parent: Structure) -> tuple[Structure, str, float]:
    """Return the bulk, its formula per O2, and the deviation from the requested one."""
    cathode = recipe.cathode
    supercell = cathode.shape or cathode.supercell or (1, 1)
    request = f"cathode.{'supercell' if cathode.shape is None else 'shape'} = {list(supercell)}"
    if cathode.repeat != (1, 1):
        request += f", cathode.repeat = {list(cathode.repeat)}"
    cells = supercell if cathode.shape is None else (round(np.linalg.det(supercell)),)
    check_size(len(parent) * math.prod((*cells, *cathode.repeat)), "the bulk", request)
    if cathode.file is None:
        model = build_bulk(
            load_structure("Li2MnO3.cif"),
            cathode.composition or "",
            supercell=supercell,
            ordering=cathode.ordering,
            seed=recipe.study.seed,
            tolerance=cathode.composition_tolerance,
            replica=cathode.replica,
            kept=_kept(recipe.slab),
        )
        return model.structure, model.layer.formula, model.layer.deviation
    if parent.is_ordered:
        structure = on_supercell(parent, supercell).get_sorted_structure()
        deviation = 0.0
    else:
        structure, deviation = ordered_crystal(
            parent,
            supercell,
            ordering=cathode.ordering,
            kept=_kept(recipe.slab),
            seed=recipe.study.seed,
            tolerance=cathode.composition_tolerance,
            replica=cathode.replica,
        )
        check_usable(structure, cathode.file)
    amounts = structure.composition.get_el_amt_dict()
    check_neutral(amounts, cathode.file)
    formula = "".join(f"{e}{2 * n / amounts['O']:.4g}" for e, n in amounts.items() if e != "O")
    return structure, f"{formula}O2", deviation


def _kept(asked: Slab) -> KeptOperation:
    """Return the operation that the order of the metals must keep for a symmetric slab."""
    if not asked.symmetric:
        return "nothing"
    return "turn" if asked.is_basal else "inversion"


def _repeated(bulk: Structure, recipe: Recipe) -> Structure:
    """Return the same crystal on a cell repeated in the plane of the slab."""
    if recipe.cathode.repeat == (1, 1):
        return bulk
    repeats = [*recipe.cathode.repeat, 1]
    return bulk.make_supercell(repeats, in_place=False).get_sorted_structure()


def _slab(recipe: Recipe, bulk: Structure) -> SlabModel:
    asked = recipe.slab
    atoms_per_layer = len(bulk) // len(stacks(bulk, 1))
    check_size(
        atoms_per_layer * asked.tm_layers,
        "the slab",
        f"slab.tm_layers = {asked.tm_layers} on {atoms_per_layer} atoms a layer",
    )
    if asked.symmetric and asked.termination is None:
        return build_slab(
            bulk, tm_layers=asked.tm_layers, vacuum=asked.vacuum, seed=recipe.study.seed
        )
    slab = build_termination(
        bulk,
        asked.termination or asked.li_termination,
        tm_layers=asked.tm_layers,
        vacuum=asked.vacuum,
        seed=recipe.study.seed,
        symmetric=asked.symmetric,
    )
    if asked.symmetric and slab.turn_over is None:
        raise InputError(
            f"no operation turns a slab with slab.termination = {asked.termination!r} over; "
            "slab.symmetric = false accepts it"
        )
    return slab


def _narrowed(oriented: Structure, tolerance: float) -> Structure:
    """Return a crystal on the primitive cell of the plane that its a and b span.

    Where one metal fills the sheets, the cell that would hold their order is larger than that.
    """
    smallest = primitive_cell(oriented, tolerance)
    times = len(oriented) // len(smallest)
    if times == 1:
        return oriented
    planes = oriented.lattice.reciprocal_lattice_crystallographic.matrix[2]
    index = np.round(times * smallest.lattice.matrix @ planes).astype(int).tolist()
    return oriented_cell(smallest, index)


def _widened(oriented: Structure, recipe: Recipe, folder: Path, n_periods: int) -> Structure:
    """Return it on a cell on which the coating fits; else on one that holds what is asked.

    That one has edges of ``SHORTEST_EDGE``, and Li for the fractions, which leave in pairs.
    """
    if recipe.coating is not None and recipe.cathode.repeat == (1, 1):
        shape = fitting_shape(recipe, recipe.coating, folder, oriented)
    else:
        wanted = np.array(recipe.delithiation.fractions)
        a, b = (math.ceil(SHORTEST_EDGE / edge) for edge in oriented.lattice.abc[:2])
        pairs = a * b * n_periods * oriented.composition["Li"] / 2
        times = next(
            n
            for n in itertools.count(1)
            if len(set(left := np.round(wanted * n * pairs))) == len(wanted)
            and np.abs(left / (n * pairs) - wanted).max() <= _FRACTION_TOLERANCE
        )
        longer = oriented.lattice.a * a > oriented.lattice.b * b
        shape = np.diag([a, b * times] if longer else [a * times, b])
    if (shape == np.eye(2)).all():
        return oriented
    (a, b), (c, d) = shape.tolist()
    cell = [[a, b, 0], [c, d, 0], [0, 0, 1]]
    return oriented.make_supercell(cell, in_place=False).get_sorted_structure()


def _slab_of_plane(
    recipe: Recipe, bulk: Structure, parent: Structure, folder: Path, *, mixed: bool
) -> tuple[Structure, SlabModel, str]:
    """Return bulk and slab of a plane other than (001), and a note on its cuts."""
    asked, plane = recipe.slab, list(recipe.slab.miller)
    sheet = set(tm_layer_sites(bulk))
    named = bulk.copy(site_properties={_IN_SHEET: [i in sheet for i in range(len(bulk))]})
    sheets = len(stacks(bulk, 1))
    spacing = cell_height(bulk) / sheets
    repeats = recipe.cathode.supercell or (1, 1)
    index = index_in_cell(by_main_element(parent), asked.miller, repeats)
    oriented = oriented_cell(named, index)
    if repeats == (1, 1):
        tolerance = SYMMETRY_TOLERANCE if recipe.cathode.file else _OF_THE_PARENT
        oriented = _narrowed(oriented, tolerance)
    thickness = (asked.tm_layers - _ROUNDING) * spacing
    height = cell_height(oriented)
    n_periods = math.ceil(thickness / height)
    if repeats == (1, 1):
        oriented = _widened(oriented, recipe, folder, n_periods)
    oriented = _repeated(oriented, recipe)
    in_sheet = oriented.site_properties[_IN_SHEET]
    oriented = oriented.copy(site_properties={})
    check_size(
        len(oriented) * n_periods,
        "the slab",
        f"slab.miller = {plane}, slab.tm_layers = {asked.tm_layers}",
    )
    cuts = plane_cuts(
        oriented, min_slab_size=thickness, vacuum=asked.vacuum, seed=recipe.study.seed
    )
    taken = [
        cut
        for cut in cuts
        # halves of mixed planes: only if one is named, or no supercell does without
        if (
            cut.name == asked.termination
            if asked.termination
            else not cut.polar and (mixed or cut.n_halved <= 1)
        )
        and (cut.symmetric or not asked.symmetric)
    ]
    if not taken:
        # the name of a cut is specific to a cell: another cell would not help
        problem = InputError if asked.termination else SlabError
        of = f" of slab.termination = {asked.termination!r}" if asked.termination else ""
        raise problem(
            f"slab.miller = {plane} has no cut{of} that is "
            f"{'symmetric' if asked.symmetric else 'not polar'}. There are "
            f"{'; '.join(cut.text for cut in cuts)}. Name one as "
            "slab.termination, with slab.symmetric = false where its faces differ"
        )
    model = taken[0].model
    in_layers = [i for i, site in enumerate(model.template.bulk_sites) if in_sheet[site]]
    others = "; ".join(cut.text for cut in cuts if cut is not taken[0]) or "none"
    note = f"the cut of {plane} is {taken[0].text}; others: {others}"
    return oriented, replace(model, tm_layers=tuple(in_layers)), note
