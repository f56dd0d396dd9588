"""Where the two electrons of a removed oxygen may settle, as initial moments.

An oxygen leaves as O, so O2- leaves two electrons behind. With a Hubbard U each localises on one
metal, which is then reduced by one. On which ones depends on the start of a self-consistent
calculation, since it ends in the nearest of several minima (Meredig et al., Phys. Rev.
B 82, 195128 (2010)). So a few starts are tried and the lowest counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.oxidation_states import metal_state
from llo_dft.analysis.vacancy.missing_sites import missing_oxygen
from llo_dft.chemistry.element_table import ELEMENTS, symbols_of
from llo_dft.chemistry.roles import element_role

#: Number of metals beside a removed O to put electrons on: an O of the layer has two or three, and
#: one of them may accept no electron.
NEAREST_METALS: Final = 4

#: A smaller moment has no definite direction, Bohr magnetons.
_NO_DIRECTION: Final = 0.3

#: Pairs of metals whose distances differ by less count as equivalent, angstrom.
_SAME_DISTANCE: Final = 0.1


@dataclass(frozen=True)
class ElectronStart:
    """Initial moments of a calculation.

    ``moments_mu_b`` are of each atom, Bohr magnetons; ``name`` is where the electrons are, for the
    reader. Moments that are ``placed`` differ from the host's, so that its density is no good
    start.
    """

    moments_mu_b: list[float]
    name: str
    placed: bool


def electron_starts(
    host: Structure, moments_mu_b: Sequence[float], structure: Structure, n_placements: int
) -> list[ElectronStart]:
    """Return the starts of a host without some O, possibly none: first its own moments.

    Raises ``ValueError`` if anything but O is missing, or atoms were added.

    ``host`` is as it relaxed, with its moments, Bohr magnetons; ``structure`` is the host without
    the O, in any order of atoms. At most ``n_placements`` pairs of metals are tried beside each
    missing O.
    """
    missing = missing_oxygen(host, structure)
    kept = [float(moments_mu_b[site]) for site in missing.site_of_atom]
    starts = [ElectronStart(kept, "as in the host", placed=False)]
    if not missing.sites:
        return starts
    pairs = [_pairs(host, moments_mu_b, oxygen) for oxygen in missing.sites]
    for chosen in _one_of_each(pairs, n_placements):
        moments = list(moments_mu_b)
        for metal in chosen:
            moments[metal] = _reduced(host, moments_mu_b, metal)
        names = " and ".join(f"{host[metal].specie.symbol}{metal}" for metal in chosen)
        placed = [float(moments[site]) for site in missing.site_of_atom]
        starts.append(ElectronStart(placed, f"electrons on {names}", placed=True))
    return starts


def _one_of_each(pairs: list[list[tuple[int, int]]], count: int) -> Iterator[tuple[int, ...]]:
    """Yield the metals of the first, second, ... pair beside every missing O, no metal twice."""
    for rank in range(min(count, *map(len, pairs))):
        metals = [metal for one in pairs for metal in one[rank]]
        if len(set(metals)) == len(metals):
            yield tuple(metals)


def _pairs(host: Structure, moments: Sequence[float], oxygen: int) -> list[tuple[int, int]]:
    """Return pairs of metals that take an electron each, the nearest first.

    Pairs equivalent to an earlier one by elements and distances come last.
    """
    metals = [
        site
        for site, symbol in enumerate(symbols_of(host))
        if element_role(symbol) == "framework" and _reduced_state(symbol, moments[site]) is not None
    ]
    if len(metals) < 2:  # noqa: PLR2004 (a pair)
        return []
    place = host.frac_coords[[oxygen]]
    away = host.lattice.get_all_distances(place, host.frac_coords[metals])[0]
    distance = dict(zip(metals, away.tolist(), strict=True))
    nearest = sorted(metals, key=lambda metal: (round(distance[metal] / _SAME_DISTANCE), metal))
    found = sorted(
        combinations(nearest[:NEAREST_METALS], 2),
        key=lambda pair: round(sum(distance[metal] for metal in pair) / _SAME_DISTANCE),
    )
    seen: set[tuple[object, ...]] = set()
    first: list[tuple[int, int]] = []
    later: list[tuple[int, int]] = []
    for pair in found:
        kinds = sorted(
            (host[metal].specie.symbol, round(distance[metal] / _SAME_DISTANCE)) for metal in pair
        )
        kind = (*kinds, round(host.get_distance(*pair) / _SAME_DISTANCE))
        (later if kind in seen else first).append(pair)
        seen.add(kind)
    return first + later


def _reduced_state(element: str, moment: float) -> int | None:
    """Return the charge of a metal with one more electron; None if it accepts none."""
    unpaired = ELEMENTS[element].unpaired_electrons if element in ELEMENTS else {}
    if not unpaired:
        return None
    state, _ = metal_state(element, moment)
    if state not in unpaired:
        state = min(unpaired, key=lambda charge: (abs(unpaired[charge] - abs(moment)), -charge))
    return state - 1 if state - 1 in unpaired else None


def _reduced(host: Structure, moments: Sequence[float], metal: int) -> float:
    """Return the moment of a metal with one more electron, in its present direction."""
    element = host[metal].specie.symbol
    state = _reduced_state(element, moments[metal])
    size = 0.0 if state is None else ELEMENTS[element].unpaired_electrons[state]
    direction = moments[metal]
    if abs(direction) < _NO_DIRECTION:
        others = [site for site, moment in enumerate(moments) if abs(moment) >= _NO_DIRECTION]
        if others:
            direction = moments[min(others, key=lambda site: host.get_distance(metal, site))]
    return -size if direction < 0 else size
