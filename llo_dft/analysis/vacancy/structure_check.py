"""What a relaxation did to a structure that its energy alone does not show."""

from collections.abc import Sequence
from itertools import product
from typing import Any, Final

import numpy as np
from pymatgen.core.structure import Structure
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from llo_dft.analysis.electronic.oxidation_states import changed_state
from llo_dft.analysis.oxygen.dimers import oxygen_pairs
from llo_dft.analysis.vacancy.missing_sites import missing_from
from llo_dft.chemistry.bonds import find_bonds
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.heights import heights_angstrom
from llo_dft.chemistry.roles import element_role, site_roles
from llo_dft.documents.atom_identity import BARE_SITE, bare_sites, places, without_atoms
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import TURNED
from llo_dft.typing import FloatArray

#: An atom that moved further than this left its site: a Li hop between neighbouring octahedral and
#: tetrahedral sites is 1.4 (from the TM layer) to 1.8, a usual relaxation beside a vacancy below
#: 0.5.
MOVED_MIN_ANGSTROM: Final = 1.2

#: A bond of a coating's metal must change by more than this to count as formed or broken: Nb-O has
#: all lengths up to the cutoff and beyond. Beside vacancies relaxed by CHGNet, bonds of Nb that
#: cross the cutoff change by 0.03 to 0.31, those of an Al that takes another O by 0.48 to 1.65. P
#: and Si need no such limit: they have no bond near the cutoff.
METAL_BOND_CHANGE_ANGSTROM: Final = 0.4

#: A host takes over the Li arrangement of one of its vacancies where that is lower by more than
#: this, eV per cell: orderings are found to 0.05 eV, and vacancies are compared in one host. With
#: 0.02 eV a host whose layers had slid was taken, in which 7 of 8 vacancies slid back.
REVISIT_GAIN_EV: Final = 0.05

#: Moments below this have no direction to speak of, Bohr magnetons.
_SPIN_MIN_MU_B: Final = 0.5

#: Atoms further than this from all others have left the slab, angstrom. Over 290 slabs relaxed by
#: CHGNet, bare and coated, the widest step from atom to atom is 2.8, across an empty Li layer; of
#: two that came apart it is 6. Twice the van der Waals radius of O is 3.0.
APART_ANGSTROM: Final = 4.0

_IMAGES: Final = np.array(list(product((-1, 0, 1), repeat=3)), dtype=np.float64)


def _label(structure: Structure, index: int | np.integer[Any]) -> str:
    return f"{structure[int(index)].specie.symbol}{index}"


def parts_apart(relaxed: Structure) -> list[str]:
    """Return a flag for each part that has left the rest of a structure."""
    first, second, _, _ = relaxed.get_neighbor_list(APART_ANGSTROM)
    joined = coo_array((np.ones(len(first)), (first, second)), shape=(len(relaxed),) * 2)
    _, part = connected_components(joined, directed=False)
    largest = np.bincount(part).argmax()
    flags = []
    for one in np.unique(part[part != largest]):
        atoms, others = np.flatnonzero(part == one), np.flatnonzero(part != one)
        away = float(relaxed.distance_matrix[np.ix_(atoms, others)].min())
        more = f" and {len(atoms) - 1} more" if len(atoms) > 1 else ""
        flags.append(f"apart: {_label(relaxed, atoms[0])}{more} {away:.2f} A")
    return flags


def framework_moved(pristine: Structure, relaxed: Structure) -> list[str]:
    """Flag a slab whose metals lie higher or lower than in the pristine bare slab.

    A relaxation is compared with what it began with, so that later ones say nothing of a slab that
    bent under its coating once. The flag is ``framework: Mn47 and 7 more 2.21 A``, with the atom
    farthest from its height; the limit is that of ``moved``. Layers that slide as a whole are
    another stacking of the same layers, and are not flagged. Over 90 hosts (CHGNet) the farthest is
    0.6 in those that look as they should, 2.2 in a sheet that bent and 5 to 22 in slabs apart.

    ``pristine`` is the unrelaxed bare slab, ``relaxed`` a host made of it, whose atoms carry their
    index in it. The drift of the whole is subtracted.
    """
    here = places(relaxed)
    metals = [
        site
        for site, symbol in enumerate(symbols_of(pristine))
        if site in here and element_role(symbol) == "framework"
    ]
    there = [here[site] for site in metals]
    rises = heights_angstrom(relaxed)[there] - heights_angstrom(pristine)[metals]
    moved = np.abs(rises - np.median(rises))
    n_far = int((moved > MOVED_MIN_ANGSTROM).sum())
    if not n_far:
        return []
    worst = moved.argmax()
    more = f" and {n_far - 1} more" if n_far > 1 else ""
    return [f"framework: {_label(relaxed, there[worst])}{more} {moved[worst]:.2f} A"]


def displacements_angstrom(initial: Structure, relaxed: Structure) -> FloatArray:
    """How far each atom moved, in angstrom, shape (n_atoms,).

    Fractional coordinates are compared in the relaxed lattice, so a change of the cell alone
    moves nothing. The drift of the whole is subtracted: first the circular mean of each fractional
    coordinate, which is independent of periodic wrapping, then the median, which a few atoms that
    moved far don't affect. Then the shortest of the periodic images counts.

    Raises ``ValueError`` if the two don't list the same atoms in the same order.
    """
    if symbols_of(initial) != symbols_of(relaxed):
        raise ValueError(
            "Initial and relaxed structure must list the same atoms in the same order, got "
            f"{len(initial)} ({initial.formula}) and {len(relaxed)} ({relaxed.formula})"
        )
    difference = relaxed.frac_coords - initial.frac_coords
    drift = np.angle(np.exp(2j * np.pi * difference).mean(axis=0)) / (2 * np.pi)
    difference -= drift
    difference -= np.round(difference)
    difference -= np.median(difference, axis=0)
    images = difference[:, None, :] + _IMAGES[None, :, :]
    lengths = np.linalg.norm(images @ relaxed.lattice.matrix, axis=-1)
    shortest: FloatArray = lengths.min(axis=1)
    return shortest


def _bond_changes(initial: Structure, relaxed: Structure) -> list[str]:
    symbols = symbols_of(relaxed)
    named = None not in initial.site_properties.get(BARE_SITE, [None])
    roles = site_roles(symbols, places(initial).values() if named else None)
    formers = [i for i, role in enumerate(roles) if role == "former"]
    before, after = (
        {(bond.cation, bond.anion) for bond in find_bonds(structure, formers)}
        for structure in (initial, relaxed)
    )
    flags = []
    for i, j in sorted(before ^ after):
        length = relaxed.get_distance(i, j)
        change = abs(length - initial.get_distance(i, j))
        if element_role(symbols[i]) == "former" or change > METAL_BOND_CHANGE_ANGSTROM:
            kind = "formed" if (i, j) in after else "broken"
            flags.append(
                f"{symbols[i].lower()}_{symbols[j].lower()}_{kind}: "
                f"{_label(relaxed, i)}-{_label(relaxed, j)} {length:.2f} A"
            )
    return flags


def _moment_changes(
    relaxed: Structure, before: Sequence[float], after: Sequence[float]
) -> list[str]:
    if not len(before) == len(after) == len(relaxed):
        raise ValueError(
            f"Each of the {len(relaxed)} atoms needs a moment, got {len(before)} initial and "
            f"{len(after)} relaxed ones"
        )
    metals = [i for i, site in enumerate(relaxed) if site.specie.is_transition_metal]
    changes = [
        f"moment: {_label(relaxed, i)} {abs(before[i]):.1f} -> {abs(after[i]):.1f} mu_B"
        for i in metals
        if changed_state(relaxed[i].specie.symbol, before[i], after[i])
    ]
    kept = sum(before[i] * after[i] for i in metals) >= 0  # all turned over is the same order
    turned = [
        _label(relaxed, i)
        for i in metals
        if min(abs(before[i]), abs(after[i])) > _SPIN_MIN_MU_B
        and (before[i] * after[i] > 0) != kept
    ]
    return [*changes, *([f"moment: {', '.join(turned)} {TURNED}"] * bool(turned))]


def check_relaxed(
    initial: Structure,
    relaxed: Structure,
    initial_magmoms: Sequence[float] | None = None,
    magmoms: Sequence[float] | None = None,
) -> list[str]:
    """Flag what a relaxation rebuilt; an empty list means that the structure stayed as it was.

    A flag is ``kind: atoms value unit``, atoms with their index from 0 in the structure:

    - ``o2: O12-O15 1.24 A``, ``superoxo: ...``, ``peroxo: ...``: two O this close in the relaxed
      structure, whether or not they were before;
    - ``moved: Li3 1.92 A``: an atom that left its site, without the drift of the whole;
    - ``apart: Li3 and 61 more 5.88 A``: atoms that have left the rest, such as a coating that came
      off, at this distance, whether or not they had before; of a vacancy's host ``host_apart``;
    - ``p_o_formed: P1-O5 1.62 A``, ``p_o_broken: P1-O5 2.40 A``: a bond of a network former,
      with the relaxed distance of the nearest images. Where ``initial`` says which atoms are the
      coating's (``bare_site``), its metals are formers too (``METAL_BOND_CHANGE_ANGSTROM``);
    - ``moment: Mn4 3.0 -> 3.9 mu_B``: a transition metal whose oxidation state changed. Magnitudes
      are compared, because a flipped moment is another magnetic order, not another charge;
    - ``moment: Mn4, Mn5 turned against the others``: such another magnetic order.

    Raises ``ValueError`` if atoms or moments don't match in number or order.

    Both structures have the same atoms in the same order; the cells may differ. ``initial_magmoms``
    are moments of a reference (of the host, for a vacancy), ``magmoms`` those of the relaxed
    structure, Bohr magnetons, shape (n_atoms,). If either is None, moments are not checked.
    """
    moved = displacements_angstrom(initial, relaxed)
    flags = [
        f"{pair.kind}: {_label(relaxed, pair.first)}-{_label(relaxed, pair.second)} "
        f"{pair.length_angstrom:.2f} A"
        for pair in oxygen_pairs(relaxed)
    ]
    flags += [
        f"moved: {_label(relaxed, i)} {moved[i]:.2f} A"
        for i in np.flatnonzero(moved > MOVED_MIN_ANGSTROM)
    ]
    flags += parts_apart(relaxed)
    flags += _bond_changes(initial, relaxed)
    if initial_magmoms is not None and magmoms is not None:
        flags += _moment_changes(relaxed, initial_magmoms, magmoms)
    return flags


def host_flags(made: CalculationDocument) -> list[str]:
    """Return what a completed relaxation rebuilt in its initial structure."""
    if made.status != "completed" or made.structure is None or made.initial_structure is None:
        return []
    return check_relaxed(made.initial_structure, made.structure)


def vacancy_flags(host: CalculationDocument, vacancy: CalculationDocument) -> list[str]:
    """Return where a relaxed vacancy differs from its relaxed host, moments included.

    The last of several runs that continue each other starts from what the first one rebuilt, so a
    vacancy's initial structure is used only where its host has no result. Moments
    are compared where every atom's site in the host is certain. A host that came apart is flagged
    too (``host_apart``), whatever became of the vacancy: E_f is a difference to it.
    """
    if vacancy.status != "completed" or vacancy.structure is None:
        return []
    if host.status != "completed" or host.structure is None:
        return host_flags(vacancy)
    try:
        match = missing_from(host, vacancy, shifted=True)
    except ValueError:  # it lacks more than O
        return host_flags(vacancy)
    kept = Structure.from_sites([host.structure[site] for site in match.site_of_atom])
    moments: list[float] | None = None
    if host.magmoms_mu_b is not None and match.is_certain:
        moments = [host.magmoms_mu_b[site] for site in match.site_of_atom]
    flags = check_relaxed(kept, vacancy.structure, moments, vacancy.magmoms_mu_b)
    if not match.is_certain and not any(flag.startswith("moved") for flag in flags):
        flags.append(f"moved: an atom began {match.farthest_angstrom:.2f} A from any site")
    return [*(f"host_{flag}" for flag in parts_apart(host.structure)), *flags]


def on_other_sites(host: Structure, vacancy: Structure) -> list[int]:
    """Return the Li and the coating's formers of a vacancy that left their sites in its host.

    Both are relaxed. The host has the identities of its atoms (``documents.atom_identity``), the
    vacancy the same atoms in the same order, without some O.

    Returns the indices in ``vacancy`` of those that moved by more than ``MOVED_MIN_ANGSTROM``.
    """
    roles = site_roles(symbols_of(vacancy), places(vacancy).values())
    far = _moved_angstrom(host, vacancy) > MOVED_MIN_ANGSTROM
    mobile = {"mobile", "coating_mobile", "former"}
    return [i for i, role in enumerate(roles) if far[i] and role in mobile]


def has_other_arrangement(host: Structure, vacancy: Structure) -> bool:
    """Tell whether any atom of a relaxed vacancy sits in another site than in its relaxed host.

    Parameters and limit as of ``on_other_sites``; the vacancy may lack nothing.
    """
    return bool((_moved_angstrom(host, vacancy) > MOVED_MIN_ANGSTROM).any())


def _moved_angstrom(host: Structure, vacancy: Structure) -> FloatArray:
    kept = without_atoms(host, places(host).keys() - set(bare_sites(vacancy)))
    return displacements_angstrom(kept, vacancy)
