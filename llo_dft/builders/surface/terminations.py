"""Every (001) termination of a layered oxide.

The sheets stay whole; each face carries a full Li layer, half of one, or none. Only half on
both faces has the composition of the bulk and no dipole.
"""

from dataclasses import replace
from itertools import product
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.cell_checks import is_stoichiometric, is_symmetric
from llo_dft.builders.ordering.arrangement_search import ewald_matrix, filling, search
from llo_dft.builders.surface.slab import (
    HALF_LAYER_STARTS,
    SlabError,
    SlabModel,
    Stack,
    build_slab,
    kept_atoms,
    place_stack,
    stacks,
)
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.typing import FloatArray

#: How much of a full Li layer a face has.
LithiumFace: TypeAlias = Literal["half", "full", "none"]

#: A slab whose formal dipole is smaller counts as non-polar, e angstrom.
DIPOLE_TOLERANCE: Final = 0.01


def termination_names(bulk: Structure, *, tm_layers: int, vacuum: float) -> list[str]:
    """Return the names of the (001) terminations of a layered oxide.

    First come those with equal faces, then the others, as top/bottom. If an operation turns the
    slab over, "none/full" is "full/none" upside down and is not listed again. Parameters are those
    of :func:`~llo_dft.builders.surface.slab.build_slab`.

    Raises ``SlabError`` if a and b do not span the layers, or the bulk's Li layer is empty.
    """
    names = [*get_args(LithiumFace), "full/none", "full/half", "half/none"]
    possible = _checked_stacks(bulk, tm_layers)
    if not all(is_symmetric(place_stack(bulk, stack, vacuum)) for stack in possible):
        names += ["none/full", "half/full", "none/half"]
    return names


def build_termination(
    bulk: Structure, name: str, *, tm_layers: int, vacuum: float, seed: int, symmetric: bool = True
) -> SlabModel:
    """Build one termination.

    Raises ``SlabError`` if there is no such name, or the bulk can't be cut that way.

    ``name`` is "half", "full" or "none", or two of them as top/bottom. The Li of a half layer are
    those of lowest Ewald energy: if both faces have one, equivalent under an operation that turns
    the slab over, unless ``symmetric`` is false, which takes any half of each. Other arguments are
    as for :func:`~llo_dft.builders.surface.slab.build_slab`.
    """
    top, bottom = _parse(name)
    if top == bottom == "half" and symmetric:
        return build_slab(bulk, tm_layers=tm_layers, vacuum=vacuum, seed=seed)
    found = [
        _build(bulk, stack, (top, bottom), tm_layers, vacuum, seed)
        for stack in _checked_stacks(bulk, tm_layers)
    ]
    return min(
        found, key=lambda one: (not is_stoichiometric(one.structure, bulk), round(one.energy_ev, 6))
    )


def _parse(name: str) -> tuple[LithiumFace, LithiumFace]:
    known: dict[str, tuple[LithiumFace, LithiumFace]] = {}
    for top, bottom in product(get_args(LithiumFace), repeat=2):
        known[f"{top}/{bottom}"] = top, bottom
        if top == bottom:
            known[top] = top, bottom
    if name not in known:
        raise SlabError(
            f"no termination is called {name!r}; expected one of {', '.join(known)} (top/bottom, "
            "one word if both faces are equal)"
        )
    return known[name]


def _checked_stacks(bulk: Structure, tm_layers: int) -> list[Stack]:
    found = stacks(bulk, tm_layers)
    if any(not len(stack.top) for stack in found):
        raise SlabError(
            f"a Li layer of {bulk.formula} is empty; expected the bulk with all its Li. Delithiate "
            "the slab after it is cut"
        )
    return found


def _build(
    bulk: Structure,
    stack: Stack,
    faces: tuple[LithiumFace, LithiumFace],
    tm_layers: int,
    vacuum: float,
    seed: int,
) -> SlabModel:
    full = place_stack(bulk, stack, vacuum)
    matrix = ewald_matrix(full)
    charges = np.array(formal_charges(symbols_of(full), symbols_of(bulk)))
    halves: list[list[int]] = []
    for face, sites in zip(faces, (stack.top, stack.bottom), strict=True):
        if face == "none":
            charges[sites] = 0.0
        elif face == "half":
            halves.append(sites.tolist())
    if halves:
        both = [i for sites in halves for i in sites]
        charges[both] = _half_filled(matrix, charges, halves, seed)
    empty = {int(i) for i in np.concatenate([stack.top, stack.bottom]) if charges[i] == 0.0}
    keep = [i for i in range(len(full)) if i not in empty]
    energy = float(charges @ matrix @ charges)
    return kept_atoms(bulk, stack, keep, vacuum, tm_layers=tm_layers, energy_ev=energy)


def _half_filled(
    matrix: FloatArray, charges: FloatArray, faces: list[list[int]], seed: int
) -> FloatArray:
    """Return the charges of the faces' sites, half of each with Li, of lowest Ewald energy."""
    for sites in faces:
        if len(sites) % 2:
            raise SlabError(
                f"the Li layer has {len(sites)} sites, an odd number, so half of it can't be put "
                "on a face; use an in-plane supercell of even size"
            )
    halves = [i for sites in faces for i in sites]
    fixed = charges.copy()
    fixed[halves] = 0.0
    problem = filling(matrix, fixed, [[i] for i in halves], len(halves) // 2)
    if len(faces) > 1:  # Li and empty sites of each face separately, so that each is half filled
        of_face = [[i in sites for sites in faces for _ in range(2)] for i in halves]
        problem = replace(
            problem,
            charges=np.tile(problem.charges, len(faces)),
            counts=np.repeat([len(sites) // 2 for sites in faces], 2),
            allowed=np.array(of_face, dtype=bool),
        )
    return problem.charges[search(problem, seed=seed, starts=HALF_LAYER_STARTS)]
