"""Which oxygens of its host a cell lacks, found from the positions of the other atoms."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pymatgen.core.structure import Structure
from scipy.optimize import linear_sum_assignment

from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.atom_identity import BARE_SITE, bare_sites
from llo_dft.documents.calculation import CalculationDocument

#: Largest distance of an atom from its site in the host, angstrom. Neighbouring oxygens are at
#: least 2.4 apart, so within this no other site is nearer.
FARTHEST_ANGSTROM: Final = 1.0


@dataclass(frozen=True)
class MissingOxygen:
    """The oxygens that a cell lacks.

    ``sites`` are their indices in the host, ``site_of_atom`` the site in the host of each atom of
    the cell, and ``farthest_angstrom`` is the largest distance of an atom from its site.
    """

    sites: tuple[int, ...]
    farthest_angstrom: float
    site_of_atom: tuple[int, ...]

    @property
    def is_certain(self) -> bool:
        """Whether every other atom is where it is in the host."""
        return self.farthest_angstrom <= FARTHEST_ANGSTROM


def missing_oxygen(host: Structure, vacancy: Structure) -> MissingOxygen:
    """Find the oxygens of the host that a cell lacks.

    Atoms are assigned to sites of their element so that the sum of squared distances is least (the
    assignment problem, solved exactly); the oxygen sites left over are the missing ones. The
    order of atoms doesn't matter.

    Raises ``ValueError`` if anything but O is missing.

    ``vacancy`` is as before relaxation; its fractional coordinates are used in the host's lattice.
    """
    elements = sorted({*symbols_of(host), *symbols_of(vacancy)})
    missing: tuple[int, ...] = ()
    farthest = 0.0
    site_of_atom = [-1] * len(vacancy)
    for element in elements:
        sites, atoms = (
            list(structure.indices_from_symbol(element)) for structure in (host, vacancy)
        )
        lacking = len(sites) - len(atoms)
        if lacking < 0 or (lacking and element != "O"):
            raise ValueError(
                f"only O may be missing, but the host has {len(sites)} {element} and the other "
                f"cell {len(atoms)}"
            )
        if not atoms:
            missing += tuple(sites)
            continue
        distances = host.lattice.get_all_distances(
            vacancy.frac_coords[atoms], host.frac_coords[sites]
        )
        rows, columns = linear_sum_assignment(distances**2)
        farthest = max(farthest, float(distances[rows, columns].max()))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            site_of_atom[atoms[row]] = sites[column]
        missing += tuple(site for site in sites if site not in site_of_atom)
    return MissingOxygen(missing, farthest, tuple(site_of_atom))


def missing_from(
    host: CalculationDocument, vacancy: CalculationDocument, *, shifted: bool = False
) -> MissingOxygen:
    """Find which O of a host is missing in a vacancy.

    By the identities of the atoms if they carry them, otherwise by their positions before the
    vacancy is relaxed. It was made from the host before or after relaxation; the better fit
    counts. If neither fits, ``shifted`` also tries the host moved as a whole, as one that was
    centred in its cell again is.

    Raises ``ValueError`` if anything but O is missing, or there is no structure.
    """
    named = [one.structure for one in (host, vacancy) if one.structure is not None]
    if len(named) == 2 and all(BARE_SITE in one.site_properties for one in named):  # noqa: PLR2004
        return _by_identity(*named)
    start = _geometries(vacancy)[:1]
    found = [missing_oxygen(one, start[0]) for one in _geometries(host) if start]
    if not found:
        raise ValueError(f"{host.label} or {vacancy.label} has no structure")
    best = min(found, key=_farthest)
    if shifted and not best.is_certain:
        moved = [
            missing_oxygen(one, to) for one in _geometries(host) for to in _onto(one, start[0])
        ]
        best = min([best, *(one for one in moved if one.is_certain)], key=_farthest)
    return best


def _farthest(found: MissingOxygen) -> float:
    return found.farthest_angstrom


def _onto(host: Structure, vacancy: Structure) -> Iterator[Structure]:
    """Give the cell shifted so that an atom of its rarest element lies on each of the host's."""
    counts = Counter(symbols_of(vacancy))
    rarest = min(counts, key=lambda symbol: counts[symbol])
    first = vacancy.frac_coords[vacancy.indices_from_symbol(rarest)[0]]
    for site in host.indices_from_symbol(rarest):
        shift = host.frac_coords[site] - first
        yield Structure(vacancy.lattice, vacancy.species, vacancy.frac_coords + shift)


def _by_identity(host: Structure, vacancy: Structure) -> MissingOxygen:
    left = set(bare_sites(vacancy))
    kept = [i for i, site in enumerate(bare_sites(host)) if site in left]
    missing = tuple(i for i, site in enumerate(bare_sites(host)) if site not in left)
    if len(kept) != len(vacancy) or any(host[i].specie.symbol != "O" for i in missing):
        raise ValueError(
            f"{vacancy.formula} lacks something other than O of {host.formula}, or has extra atoms"
        )
    return MissingOxygen(missing, 0.0, tuple(kept))


def _geometries(made: CalculationDocument) -> list[Structure]:
    """Return the structures of a calculation, the initial one first."""
    return [one for one in (made.initial_structure, made.structure) if one]
