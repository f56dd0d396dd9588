"""Films of a coating: units whole, or opened on purpose for an oxide's O to complete.

A face that lacks anions is charged, so a film with one may not be neutral by itself. The interface
as a whole is, once a Li is removed for each charge.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.coating.column import CoatingError, Column, coating_column
from llo_dft.builders.coating.faces import (
    BOTTOM,
    TOP,
    Atom,
    CrystalFace,
    cut_valences,
    faces,
    film_atoms,
)
from llo_dft.builders.surface.surface_lattice import place_slab
from llo_dft.builders.surface.terminations import DIPOLE_TOLERANCE
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.typing import FloatArray

#: Charges of films that differ by less are equal, e.
_CHARGE_TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class CoatingFilm:
    """A film of a coating with vacuum."""

    structure: Structure
    """a along x, the normal along z, c the normal; sorted by electronegativity."""
    bottom: CrystalFace
    top: CrystalFace
    """bottom, top: its faces. The bottom will be on the oxide."""
    cut_valences: tuple[float, float]
    """Bond valence that its bottom and its top cut, e per cell."""
    composition: dict[str, int]
    """Atoms of each element."""
    stoichiometric: bool
    """Whether that is the crystal's composition."""
    charge: int
    dipole: float
    """charge, dipole: sum of the formal charges per cell, e, and their dipole along the normal
    about the middle of the film, e angstrom; the origin matters if the charge is not zero."""
    polar: bool
    """Whether the dipole is not zero."""
    in_plane: FloatArray
    """(2, 3): a and b in terms of the vectors of the crystal's cell."""

    @property
    def cut_valence(self) -> float:
        """Bond valence cut by both faces, e."""
        return sum(self.cut_valences)


def film_terminations(
    bulk: Structure, miller_index: Sequence[int], *, layers: int, vacuum: float
) -> list[CoatingFilm]:
    """Build a film for every bottom face: whole faces, then opened ones.

    Raises ``CoatingError`` as :func:`build_film`.

    The bulk is the coating's crystal, ordered, relaxed or not; (h, k, l) are on its axes.
    ``layers`` is the number of layers of units, at least 1 (see ``Column``); ``vacuum`` is in
    angstrom. Films are sorted by number of missing anions, then by distance from neutrality, then
    by name.
    """
    column = coating_column(bulk, miller_index)
    found = [
        _film(column, (bottom, top), vacuum)
        for bottom, top in _pairs(column, layers)
        if top is not None
    ]
    return sorted(found, key=lambda f: (f.bottom.missing, f.polar, abs(f.charge), f.bottom.name))


def best_termination(films: Sequence[CoatingFilm]) -> CoatingFilm:
    """Return the most stable free-standing film.

    Neutral, of the crystal's composition, not polar, and with the fewest bonds cut.
    """
    return min(
        films,
        key=lambda f: (
            *(abs(f.charge), not f.stoichiometric, f.polar),
            *(round(f.cut_valence, 3), round(abs(f.dipole), 2), f.bottom.name),
        ),
    )


def build_film(
    bulk: Structure, miller_index: Sequence[int], *, bottom: str, layers: int, vacuum: float
) -> CoatingFilm:
    """Build one film.

    The face towards the vacuum is the flat whole one of the least polar neutral film (if both ends
    of a polar crystal have one, at the end opposite to the bottom); without one, the face of least
    charge, then the crystal's composition, then the smallest dipole.

    Raises ``CoatingError`` if there is no such face, or the film would have a former without
    anions.

    ``bottom`` is the name of the face towards the oxide, one of those :func:`film_terminations`
    lists; other arguments are as there.
    """
    column = coating_column(bulk, miller_index)
    found = list(_pairs(column, layers, bottom))
    if not found:
        every = (
            face.name
            for kind, layer in enumerate(column.layer_kinds)
            for face in faces(column, layer, BOTTOM, kind)
        )
        raise CoatingError(
            f"no bottom face is called {bottom!r}; expected one of {', '.join(every)}"
        )
    below, above = found[0]
    if above is None:
        raise CoatingError(
            f"no face above {bottom} leaves a film of {layers} layers; use more layers"
        )
    return _film(column, (below, above), vacuum)


def _charge_and_dipole(column: Column, atoms: list[Atom]) -> tuple[float, float]:
    """Return the formal charge and the dipole about the middle of a film, e and e angstrom."""
    symbols = symbols_of(column.cell)
    charges = np.array(formal_charges([symbols[i] for i, _ in atoms], symbols))
    heights = np.array([column.cell[i].z + period * column.period for i, period in atoms])
    middle = 0.5 * (heights.min() + heights.max())
    return float(charges.sum()), float(charges @ (heights - middle))


def _foreign(column: Column, atoms: list[Atom]) -> bool:
    """Return whether the composition of atoms differs from that of their crystal."""
    symbols = symbols_of(column.cell)
    ours, theirs = Counter(symbols[i] for i, _ in atoms), Counter(symbols)
    return any(ours[s] * len(symbols) != theirs[s] * len(atoms) for s in theirs)


def _pairs(
    column: Column, layers: int, name: str | None = None
) -> Iterator[tuple[CrystalFace, CrystalFace | None]]:
    """Yield each bottom face, or that of a name, with the top of its film, None if there is none.

    The top is its partner in a neutral film of whole faces, otherwise that of least charge.
    """
    for kind, layer in enumerate(column.layer_kinds):
        bottoms = faces(column, layer, BOTTOM, kind)
        chosen = [one for one in bottoms if name in {None, one.name}]
        if not chosen:
            continue
        tops = faces(column, layer + layers * column.repeat - 1, TOP)
        whole = _whole_pairs(column, bottoms, tops)
        partners = {bottom.name: top for bottom, top in whole}
        for one in chosen:
            if whole:
                yield one, partners.get(_whole_name(bottoms, one), whole[0][1])
            else:
                yield one, _least_charged(column, one, tops)


def _whole_name(bottoms: Sequence[CrystalFace], opened: CrystalFace) -> str:
    """Return the name of a face with its anions restored."""
    return next(
        one.name
        for one in bottoms
        if (one.plane, one.loose, one.missing) == (opened.plane, opened.loose, 0)
    )


def _whole_pairs(
    column: Column, bottoms: Sequence[CrystalFace], tops: Sequence[CrystalFace]
) -> list[tuple[CrystalFace, CrystalFace]]:
    """Return the flat whole faces that give the least polar neutral films, if any."""

    def whole(candidates: Sequence[CrystalFace]) -> list[CrystalFace]:
        return [f for f in candidates if f.name.startswith("flat") and not f.missing]

    neutral = []
    for pair in product(whole(bottoms), whole(tops)):
        charge, dipole = _charge_and_dipole(column, film_atoms(column, pair))
        if abs(charge) < _CHARGE_TOLERANCE:
            neutral.append((dipole, pair))
    if not neutral:
        return []
    neutral.sort(key=lambda item: (round(abs(item[0]), 3), item[1][0].name))
    least = abs(neutral[0][0]) + DIPOLE_TOLERANCE
    return [pair for dipole, pair in neutral if abs(dipole) < least]


def _least_charged(
    column: Column, bottom: CrystalFace, tops: Sequence[CrystalFace]
) -> CrystalFace | None:
    """Return the top that gives a film the least charge, then dipole, then cut bonds."""
    ranked = []
    for number, top in enumerate(tops):
        try:
            atoms = film_atoms(column, (bottom, top))
        except CoatingError:  # nothing is left between these two
            continue
        charge, dipole = _charge_and_dipole(column, atoms)
        cut = sum(cut_valences(column, atoms))
        order = round(abs(charge), 6), _foreign(column, atoms), round(abs(dipole), 2)
        ranked.append((*order, round(cut, 3), number))
    return tops[min(ranked)[-1]] if ranked else None


def _film(column: Column, pair: tuple[CrystalFace, CrystalFace], vacuum: float) -> CoatingFilm:
    atoms = film_atoms(column, pair)
    sites, periods = np.array(atoms).T
    coords = column.cell.frac_coords[sites] + np.outer(periods, [0, 0, 1])
    symbols = [symbols_of(column.cell)[i] for i in sites]
    structure = place_slab(column.cell.lattice, coords, symbols, vacuum)
    charge, dipole = _charge_and_dipole(column, atoms)
    return CoatingFilm(
        structure=structure,
        bottom=pair[0],
        top=pair[1],
        cut_valences=cut_valences(column, atoms),
        composition=dict(Counter(symbols)),
        stoichiometric=not _foreign(column, atoms),
        charge=round(charge),
        dipole=dipole,
        polar=abs(dipole) > DIPOLE_TOLERANCE,
        in_plane=column.in_plane,
    )
