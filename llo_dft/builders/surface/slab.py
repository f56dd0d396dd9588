"""The (001) slab of a layered oxide: symmetric, stoichiometric and without dipole.

The TM-layer sheets (O-TM-O) are kept whole. Between two sheets lies a full Li layer; each
face carries half of one, so that n sheets have exactly n Li layers as in the bulk. The two
half layers are images of each other under an operation that turns the slab over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.cell_checks import is_stoichiometric
from llo_dft.builders.ordering.arrangement_search import ewald_matrix, filling, search
from llo_dft.builders.surface.surface_lattice import place_slab
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.chemistry.heights import cell_height
from llo_dft.errors import InputError
from llo_dft.typing import IntArray

#: Number of descents of the search for the half Li layer.
HALF_LAYER_STARTS: Final = 50

#: TM planes of layered oxides are 4.4 to 5.2 angstrom apart; a plane in between has TMs that left
#: their layer, or the planes are not those of the layers.
CLOSEST_TM_PLANES: Final = 3.5

#: Cations within this height of the first one found belong to its plane, angstrom.
PLANE_WIDTH: Final = 1.0


class SlabError(InputError):
    """No symmetric stoichiometric slab can be cut as requested."""


@dataclass(frozen=True)
class SlabTemplate:
    """The data needed to cut the same slab again from the relaxed bulk."""

    bulk_sites: Sequence[int]
    """(n,) index of the bulk site of each atom."""
    images: Sequence[Sequence[int]]
    """(n, 3) lattice translation of that site."""
    vacuum: float
    """Width of the vacuum, angstrom."""


@dataclass(frozen=True)
class SlabModel:
    """A slab, and the origin of each of its atoms in the bulk."""

    structure: Structure
    """The slab: a along x, the plane normal along z, c the normal. Sorted by electronegativity, so
    codes that sort by element keep the order of the atoms."""
    template: SlabTemplate
    """How it was cut, so that it can be cut again from the relaxed bulk."""
    turn_over: IntArray | None
    """(n,) the image of each site under the operation that maps top to bottom; None if there is no
    such operation."""
    tm_layers: int | tuple[int, ...]
    """Number of O-TM-O sheets; for planes other than (001) the sites in the metal layers."""
    energy_ev: float
    """Ewald energy with formal charges, eV per cell; in a uniform background if not neutral."""


def build_slab(bulk: Structure, *, tm_layers: int, vacuum: float, seed: int) -> SlabModel:
    """Cut the half-Li (001) slab from a bulk whose a and b span the layers.

    Raises ``SlabError`` if a and b do not span the layers, the Li layer can't be halved, no
    operation turns the slab over, or this number of sheets doesn't have the composition of the
    bulk.

    The c of the layered oxide points out of the plane. ``tm_layers`` is the number of O-TM-O
    sheets, at least 1, ``vacuum`` that along the normal, angstrom, ``seed`` that of the search for
    the Li that stay on the faces: the half layers have the lowest Ewald energy.
    """
    problems: list[str] = []
    models: list[SlabModel] = []
    for stack in stacks(bulk, tm_layers):
        try:
            models.append(_cut(bulk, stack, tm_layers, vacuum, seed))
        except SlabError as error:
            problems.append(str(error))
    if not models:
        raise SlabError("; ".join(dict.fromkeys(problems)))
    return min(models, key=lambda model: round(model.energy_ev, 6))


def stacks(bulk: Structure, tm_layers: int) -> list[Stack]:
    """Return a stack of whole sheets for each sheet of the bulk that may be the lowest.

    Raises ``SlabError`` if a and b do not span the layers, or no sheets are requested.
    """
    if tm_layers < 1:
        raise SlabError(f"tm_layers is {tm_layers}; a slab needs at least 1")
    planes = _tm_planes(bulk)
    sheets, lithium = _sheets(bulk, planes), _lithium_layers(bulk, planes)
    return [_stack(sheets, lithium, start, tm_layers) for start in range(len(sheets))]


def place_stack(bulk: Structure, stack: Stack, vacuum: float) -> Structure:
    """Return the slab with full Li layers on both faces, atoms in the order of the stack."""
    template = SlabTemplate(stack.bulk_sites.tolist(), stack.images.tolist(), vacuum)
    return recut(template, bulk, bulk)


def kept_atoms(
    bulk: Structure,
    stack: Stack,
    keep: Collection[int],
    vacuum: float,
    *,
    turn_over: IntArray | None = None,
    tm_layers: int | tuple[int, ...] = (),
    energy_ev: float = 0.0,
) -> SlabModel:
    """Return the slab of the atoms of a stack that are kept.

    ``turn_over`` is the operation that maps the stack's top to its bottom, on all its atoms; None:
    one of the slab's is sought.
    """
    species = [bulk[int(i)].specie for i in stack.bulk_sites]
    order = np.array(sorted(keep, key=lambda i: (species[i].X, species[i].symbol, i)))
    template = SlabTemplate(
        bulk_sites=stack.bulk_sites[order].tolist(),
        images=stack.images[order].tolist(),
        vacuum=vacuum,
    )
    # placed again: if the Li layer is not flat, the slab is thinner than with all its Li
    structure = recut(template, bulk, bulk)
    if turn_over is None:
        turn_over = next(iter(top_bottom_permutations(structure)), None)
    else:
        here = {int(old): new for new, old in enumerate(order)}
        turn_over = np.array([here[int(turn_over[i])] for i in order], dtype=np.int64)
    return SlabModel(structure, template, turn_over, tm_layers, energy_ev)


def recut(template: SlabTemplate, bulk: Structure, relaxed_bulk: Structure) -> Structure:
    """Cut the same slab from the relaxed bulk: same atoms in the same order.

    Raises ``SlabError`` if the two bulks do not have the same sites.

    ``template`` is that of the slab that was built from ``bulk``; ``relaxed_bulk`` is the same
    crystal after its relaxation, with the same order of sites.
    """
    symbols = symbols_of(bulk)
    if symbols != symbols_of(relaxed_bulk):
        raise SlabError(
            f"the relaxed bulk ({relaxed_bulk.formula}) does not have the sites of the bulk "
            f"({bulk.formula}) in the same order"
        )
    # a relaxed coordinate may have been wrapped; use the image nearest to the original
    moved = relaxed_bulk.frac_coords - bulk.frac_coords
    coords = bulk.frac_coords + moved - np.round(moved)
    return place_slab(
        relaxed_bulk.lattice,
        coords[list(template.bulk_sites)] + np.array(template.images),
        [symbols[i] for i in template.bulk_sites],
        template.vacuum,
    )


def _tm_planes(bulk: Structure) -> list[tuple[float, list[int]]]:
    """Return the TM planes in one period along c, from below: fractional height and cations.

    Raises ``SlabError`` if they are too close to be the TM layers of a layered oxide.
    """
    thickness = cell_height(bulk)
    heights = bulk.frac_coords[:, 2]
    sites = [(heights[i], i) for i in tm_layer_sites(bulk)]
    planes = _planes(sites, PLANE_WIDTH / thickness)
    levels = [level for level, _ in planes]
    nearest = float(np.diff([*levels, levels[0] + 1.0]).min()) * thickness
    if nearest < CLOSEST_TM_PLANES:
        raise SlabError(
            f"planes with transition metals are {nearest:.2f} angstrom apart along the normal of a "
            f"and b; expected at least {CLOSEST_TM_PLANES}. Choose a cell whose a and b span the "
            "layers, and move transition metals out of the Li layers"
        )
    return planes


def _sheets(
    bulk: Structure, planes: list[tuple[float, list[int]]]
) -> list[list[tuple[int, IntArray]]]:
    """Return the O-TM-O sheets in one period along c, from below: (site, image) of each atom."""
    heights = bulk.frac_coords[:, 2]
    sheets = [[(i, _image(round(level - heights[i]))) for i in sites] for level, sites in planes]
    levels = np.array([level for level, _ in planes])
    for i, symbol in enumerate(symbols_of(bulk)):
        if symbol != "O":
            continue
        apart = heights[i] - levels
        whole = np.round(apart)
        nearest = int(np.argmin(np.abs(apart - whole)))
        sheets[nearest].append((i, _image(-whole[nearest])))
    return sheets


def _lithium_layers(
    bulk: Structure, planes: list[tuple[float, list[int]]]
) -> list[list[tuple[int, IntArray]]]:
    """Return the Li layers, each above the sheet of the same number."""
    cations = {i for _, sites in planes for i in sites}
    levels = [level for level, _ in planes]
    heights = bulk.frac_coords[:, 2]
    layers: list[list[tuple[int, IntArray]]] = [[] for _ in levels]
    for i, symbol in enumerate(symbols_of(bulk)):
        if symbol != "Li" or i in cations:
            continue
        above = [np.mod(heights[i] - level, 1.0) for level in levels]
        below = int(np.argmin(above))
        layers[below].append((i, _image(round(levels[below] + above[below] - heights[i]))))
    return layers


def _planes(sites: list[tuple[float, int]], width: float) -> list[tuple[float, list[int]]]:
    """Group sites by fractional height, modulo 1: (level in [0, 1), sites), from below."""
    groups: list[tuple[float, list[int]]] = []
    for height, site in sites:
        for level, members in groups:
            if abs(height - level - round(height - level)) < width:
                members.append(site)
                break
        else:
            groups.append((float(np.mod(height + 1e-6, 1.0) - 1e-6), [site]))
    return sorted(groups)


def _image(along_c: float) -> IntArray:
    return np.array([0, 0, int(along_c)], dtype=np.int64)


@dataclass(frozen=True)
class Stack:
    """Atoms of a slab with full Li layers on both faces, and which of them those are."""

    bulk_sites: IntArray
    images: IntArray
    """bulk_sites, images: (n,) and (n, 3): bulk site of each atom, and its lattice translation."""
    top: IntArray
    bottom: IntArray
    """top, bottom: which atoms are the Li of the faces."""


def _stack(
    sheets: list[list[tuple[int, IntArray]]],
    lithium: list[list[tuple[int, IntArray]]],
    start: int,
    tm_layers: int,
) -> Stack:
    period = len(sheets)
    atoms: list[tuple[int, IntArray]] = []
    faces: list[IntArray] = []
    for position in range(-1, tm_layers):
        index, turns = (start + position) % period, (start + position) // period
        shift = _image(turns)
        if position >= 0:
            atoms += [(site, image + shift) for site, image in sheets[index]]
        before = len(atoms)
        atoms += [(site, image + shift) for site, image in lithium[index]]
        if position in {-1, tm_layers - 1}:
            faces.append(np.arange(before, len(atoms)))
    sites, images = zip(*atoms, strict=True)
    return Stack(np.array(sites), np.array(images), top=faces[1], bottom=faces[0])


def _cut(bulk: Structure, stack: Stack, tm_layers: int, vacuum: float, seed: int) -> SlabModel:
    if not len(stack.top):
        raise SlabError("the Li layer is empty; cut the slab from the bulk with all its Li")
    if len(stack.top) % 2:
        raise SlabError(
            f"the Li layer has {len(stack.top)} sites, an odd number, so no half of it can be "
            "put on each face; use an in-plane supercell of even size"
        )
    full = place_stack(bulk, stack, vacuum)
    halves = half_layers(full, bulk, stack, seed)
    if halves is None:
        raise SlabError(
            "no operation maps the top of this slab onto its bottom, so the two half Li layers "
            "can't be made equal; give the TM layer an order with an inversion, a mirror or a "
            "two-fold axis in the plane, or let the faces differ with slab.symmetric = false"
        )
    keep, turn_over, energy = halves
    model = kept_atoms(
        bulk, stack, keep, vacuum, turn_over=turn_over, tm_layers=tm_layers, energy_ev=energy
    )
    if not is_stoichiometric(model.structure, bulk):
        ours, theirs = (one.composition.reduced_formula for one in (model.structure, bulk))
        raise SlabError(
            f"a slab of tm_layers = {tm_layers} would be {ours}, but the bulk is {theirs}: the "
            "layers of this bulk differ; use a multiple of their number in its cell"
        )
    return model


def half_layers(
    full: Structure, bulk: Structure, stack: Stack, seed: int
) -> tuple[list[int], IntArray, float] | None:
    """Return the best half of the outermost layer on each face, alike by an operation.

    Half of each element stays on each face. They are the sites that stay, the operation, and the
    energy, eV; None if no operation maps one face onto the other.
    """
    matrix = ewald_matrix(full)
    fixed = np.array(formal_charges(symbols_of(full), symbols_of(bulk)))
    symbols = symbols_of(full)
    elements = sorted({symbols[i] for i in stack.top})
    of_element = np.array([[symbols[i] == one for one in elements] for i in stack.top])
    kept_or_not = [(fixed[stack.top[at]], 0.0) for at in of_element.argmax(axis=0)]
    charges = np.ravel(kept_or_not)
    fixed[np.concatenate([stack.top, stack.bottom])] = 0.0
    constant = float(fixed @ matrix @ fixed)
    best: tuple[list[int], IntArray, float] | None = None
    tried: set[tuple[int, ...]] = set()
    for permutation in top_bottom_permutations(full):
        images = tuple(permutation[stack.top].tolist())
        if set(images) != set(stack.bottom.tolist()) or images in tried:
            continue
        tried.add(images)
        blocks = [[int(i), int(permutation[i])] for i in stack.top]
        problem = replace(
            filling(matrix, fixed, blocks, len(blocks)),
            charges=charges,
            counts=np.repeat(of_element.sum(axis=0), 2),
            allowed=np.repeat(of_element, 2, axis=1),
        )
        assignment = search(problem, seed=seed, starts=HALF_LAYER_STARTS)
        energy = problem.energy_ev(assignment) + constant
        if best is None or energy < best[2] - 1e-6:
            removed = {
                i for block, s in zip(blocks, assignment, strict=True) if s % 2 for i in block
            }
            best = [i for i in range(len(full)) if i not in removed], permutation, energy
    return best
