"""Jobs that decide a host's ordering of Li: ranking, the lowest, and revisiting."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
from jobflow import job
from pymatgen.core.structure import Structure

from llo_dft.analysis.interface.adhesion import lowest_energy
from llo_dft.analysis.vacancy.revisited_host import host_to_revisit
from llo_dft.analysis.vacancy.structure_check import REVISIT_GAIN_EV, has_other_arrangement
from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.ordering.delithiation import LithiumSites, delithiate_to, lithium_sites
from llo_dft.builders.ordering.fitted_search import fitted_search
from llo_dft.calculations.cache import CalculationCache, key_geometry
from llo_dft.documents.atom_identity import (
    arranged,
    bare_sites,
    places,
    without_atoms,
)
from llo_dft.documents.calculation import Asked, CalculationDocument, OrderingSearch, RankedOrdering
from llo_dft.engines.base import CalculationMaker
from llo_dft.jobs.calculate import Request, from_cache_or_computed, skipped
from llo_dft.jobs.structures import why_not
from llo_dft.typing import FloatArray, IntArray


class RankingMaker(CalculationMaker, Protocol):
    """The maker of kind "ranking" of an engine that starts no program."""

    def energies_ev(self, structures: Sequence[Structure]) -> list[float]:
        """Return the energy of each structure as it is, eV."""
        ...


#: Orderings whose single points are this near are taken for images of each other by a symmetry that
#: the relaxed slab has only nearly, eV: such pairs differ by up to 0.002, others by more.
IMAGE_EV: Final = 0.003


@job
def rank_orderings(
    search: OrderingSearch,
    maker: RankingMaker,
    label: str,
    folder: str,
    parent: CalculationDocument,
    beside: CalculationDocument | None = None,
) -> CalculationDocument:
    """Return the orderings of Li that an engine finds lowest, by single points; kept in the cache.

    ``maker`` computes the single points, in the geometry of ``parent``, the relaxed pristine host.
    ``beside`` is the bare host with equally many holes, chosen before: its ordering is tried, with
    others in place of missing Li. ``label`` and ``folder`` are as of ``calculate``.
    """
    cache = CalculationCache(Path(folder))
    if parent.structure is None:
        return skipped(cache, label, maker, why_not(parent))
    first = [tuple(one) for one in search.first]
    if beside is not None and beside.structure is not None:
        first.insert(0, _like(beside.structure, search))
    search = search.model_copy(update={"first": [list(one) for one in dict.fromkeys(first)]})
    relaxed = parent.structure
    asked = Asked(fingerprint=maker.fingerprint(relaxed), settings=_settings(search, maker))
    return from_cache_or_computed(
        cache, Request(relaxed, maker, asked), label, lambda _: _computed(relaxed, search, maker)
    )


def _computed(relaxed: Structure, search: OrderingSearch, maker: RankingMaker) -> dict[str, Any]:
    """Return the fields of a document about a ranking."""
    ranking = ranked(relaxed, search, maker)
    lowest = ranking[0]
    return {
        "ranking": ranking,
        "energy_ev": lowest.energy_ev,
        "structure": arranged(relaxed, lowest.removed, lowest.moved_angstrom),
        "n_evaluations": len(ranking),
    }


def _settings(search: OrderingSearch, maker: RankingMaker) -> dict[str, Any]:
    """Return what distinguishes a ranking, in plain numbers and texts."""
    pristine = search.pristine
    return {
        "search": search.model_dump(mode="json", exclude={"pristine"}),
        "bare_sites": bare_sites(pristine),
        "maker": maker.settings(),
        **key_geometry(pristine),
    }


def ranked(relaxed: Structure, search: OrderingSearch, maker: RankingMaker) -> list[RankedOrdering]:
    """Return the orderings that were computed on a relaxed pristine host, the lowest first.

    Where Li may leave the metal layers, as many again are computed whose Li may be in the
    tetrahedral sites beside these (``builders.ordering.dumbbells``). Images of lower ones come
    last.
    """
    here = places(search.pristine)
    lithium = [here[i] for i in sorted(here) if search.pristine[here[i]].specie.symbol == "Li"]
    turn_over = None if search.turn_over is None else np.array(search.turn_over, dtype=np.int64)
    if isinstance(search.sheets, int):
        sheet = set(tm_layer_sites(search.pristine)) & set(here.values())
    else:
        sheet = {here[site] for site in search.sheets if site in here}
    sites = partial(
        lithium_sites, search.pristine, lithium, turn_over, oxide_sites=list(here.values())
    )
    ranking = _Ranking(relaxed, search, maker)
    ranking.add(sites(), search.first, search.budget)
    beside = sites(sheet=sheet)
    if beside.tetrahedra:
        ranking.add(beside, [one.removed for one in ranking.known.values()], 2 * search.budget)
    return _images_last(
        sorted(ranking.known.values(), key=lambda one: (one.energy_ev, one.removed))
    )


@dataclass
class _Ranking:
    """The orderings computed so far, each once; ``known`` has them by what they are."""

    relaxed: Structure
    search: OrderingSearch
    maker: RankingMaker
    known: dict[str, RankedOrdering] = field(default_factory=dict)

    def add(self, sites: LithiumSites, first: Collection[Collection[int]], budget: int) -> None:
        """Search among the arrangements of some sites, beginning with the ``first``."""
        here = places(self.search.pristine)
        begun = [sites.arrangement({here[i] for i in one}) for one in first]
        fitted_search(
            sites.problem(self.search.n_removed)[0],
            [one for one in begun if one is not None],
            partial(self._energies_ev, sites),
            budget=budget,
            seed=self.search.seed,
            repulsion_ev=sites.repulsion_ev,
        )

    def _energies_ev(self, sites: LithiumSites, arrangements: Sequence[IntArray]) -> list[float]:
        asked = [self._ordering(sites, one) for one in arrangements]
        texts = [one.model_dump_json() for one in asked]
        new = {t: one for t, one in zip(texts, asked, strict=True) if t not in self.known}
        energies = self.maker.energies_ev(
            [arranged(self.relaxed, one.removed, one.moved_angstrom) for one in new.values()]
        )
        for (text, one), energy in zip(new.items(), energies, strict=True):
            self.known[text] = one.model_copy(update={"energy_ev": float(energy)})
        return [self.known[text].energy_ev for text in texts]

    def _ordering(self, sites: LithiumSites, arrangement: IntArray) -> RankedOrdering:
        numbers = bare_sites(self.search.pristine)
        moved = {
            numbers[i]: tuple(_step(self.relaxed, i, to.coords(self.relaxed)).round(6).tolist())
            for i, to in sorted(sites.moved(arrangement).items())
        }
        removed = sorted(numbers[i] for i in sites.removed(arrangement))
        return RankedOrdering(removed=removed, energy_ev=0.0, moved_angstrom=moved)


def _images_last(ordered: Sequence[RankedOrdering]) -> list[RankedOrdering]:
    """Return orderings, the lowest first, with those last that have the energy of a lower one."""
    distinct: list[RankedOrdering] = []
    images: list[RankedOrdering] = []
    for one in ordered:
        of_its_own = not distinct or one.energy_ev > distinct[-1].energy_ev + IMAGE_EV
        (distinct if of_its_own else images).append(one)
    return distinct + images


def _step(structure: Structure, site: int, to: FloatArray) -> FloatArray:
    """Return the shortest vector from a site to a point, angstrom."""
    lattice = structure.lattice
    end = lattice.get_fractional_coords(to)
    _, image = lattice.get_distance_and_image(structure[site].frac_coords, end)
    step: FloatArray = lattice.get_cartesian_coords(end + image - structure[site].frac_coords)
    return step


def _like(bare: Structure, search: OrderingSearch) -> tuple[int, ...]:
    """Return the Li to remove so that the others are, if possible, where those of a bare host are.

    The Li that a coated oxide already lacks can't leave: others leave instead, chosen by
    electrostatics.
    """
    here, numbers = places(search.pristine), bare_sites(search.pristine)
    lithium = [here[i] for i in sorted(here) if search.pristine[here[i]].specie.symbol == "Li"]
    left = places(bare)
    gone = [site for site in lithium if numbers[site] not in left]
    emptied = delithiate_to(
        search.pristine,
        lithium,
        search.n_removed,
        gone=gone,
        oxide_sites=list(here.values()),
        seed=search.seed,
    )
    return tuple(sorted(numbers[site] for site in emptied))


@job
def nth_ordering(
    parent: CalculationDocument, ranking: CalculationDocument, order: int
) -> Structure | str:
    """Return the relaxed pristine host, or crystal, with the Li of one ordering of a ranking."""
    for document in (parent, ranking):
        if document.structure is None:
            return why_not(document)
    if order >= len(ranking.ranking):
        return f"{ranking.label} has {len(ranking.ranking)} orderings"
    one = ranking.ranking[order]
    return arranged(cast("Structure", parent.structure), one.removed, one.moved_angstrom)


@job
def without_again(
    host: CalculationDocument,
    revisited: CalculationDocument | None,
    vacancy: CalculationDocument | None,
) -> Structure | str:
    """Return a revisited host without the O of a vacancy that was made in the host before.

    The vacancy was made in the host as it was before; ``revisited`` is the host as ``put_back`` had
    it relaxed.

    Instead of the structure it may be the reason why none is needed: the host before is the lower
    one or has the same arrangement, or the vacancy has the new arrangement already.
    """
    if host.structure is None or host.energy_ev is None:
        return why_not(host)
    if revisited is None or revisited.structure is None or revisited.energy_ev is None:
        return f"{host.label} has no revisited structure"
    if vacancy is None or vacancy.structure is None:
        return f"the vacancy in {host.label} left no result"
    gone = places(revisited.structure).keys() - set(bare_sites(vacancy.structure))
    changed = has_other_arrangement(host.structure, revisited.structure)
    if lowest_energy([host, revisited], REVISIT_GAIN_EV) == 0 or not changed:
        return (
            f"{revisited.label} is not lower than {host.label} by {REVISIT_GAIN_EV:g} eV, or has "
            f"the same arrangement"
        )
    if has_other_arrangement(revisited.structure, vacancy.structure):
        return without_atoms(revisited.structure, gone)
    return f"{vacancy.label} has the arrangement of {revisited.label}"


@job
def put_back(
    host: CalculationDocument, vacancies: list[CalculationDocument | None]
) -> Structure | str:
    """Return a host in the arrangement of one of its vacancies, or why not: ``host_to_revisit``."""
    if host.structure is None:
        return why_not(host)
    found = host_to_revisit(host, vacancies)
    return found if isinstance(found, str) else found[1]
