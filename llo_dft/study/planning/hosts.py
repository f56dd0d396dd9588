"""The hosts of a study, bare and coated, and the oxygens to remove from each."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.environment.oxygen_environment import li_o_li_axes, oxygen_environments
from llo_dft.builders.ordering.delithiation import LithiumRemoval, delithiate_to
from llo_dft.builders.surface.slab import SlabModel
from llo_dft.builders.vacancies import choose_vacancies, innermost
from llo_dft.chemistry.roles import coating_role
from llo_dft.documents.atom_identity import bare_sites, places, without_atoms
from llo_dft.documents.plan import BondedOxygen, PlannedHost, PlannedInterface, PlannedVacancy
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.recipe import Delithiation, Recipe
from llo_dft.typing import IntArray, Side

#: Number of orderings of lowest Ewald energy that start a ranking by an engine.
FIRST_ORDERINGS: Final = 8


def plan_hosts(
    recipe: Recipe,
    slab: SlabModel,
    removals: Sequence[Sequence[LithiumRemoval]],
    interfaces: Sequence[PlannedInterface],
    opened: Collection[str] = (),
) -> list[PlannedHost]:
    """Return the bare hosts, then those of each termination, each from full to empty.

    A coated host has as many holes as the bare one of the same requested fraction, if its oxide
    has enough Li; once all Li has left, no further host follows. Vacancies are chosen in the bare
    host. The coated one has them at the same sites, so that each has a partner. O that will be
    bonded to the coating's former are added in both. Where Li may leave the two faces of the bare
    slab unlike, each O is also removed from its other face, where it may cost less.

    ``removals`` are the Li that leave the pristine bare ``slab``, from full to empty, the lowest
    Ewald energy first; ``interfaces`` the coated pristine slab, best first within each termination;
    ``opened`` the terminations whose formers lack anions.
    """
    pristine = oxygen_environments(slab.structure, slab.tm_layers)
    bonded = _bonded(recipe, interfaces, opened)
    bare = [_bare_host(recipe, slab, ways, pristine, bonded) for ways in removals]
    best = {one.termination: one for one in reversed(interfaces)}
    coated = [
        _coated_hosts(recipe, slab, best[name], bare)
        for name in dict.fromkeys(one.termination for one in interfaces)
    ]
    return [*bare, *(host for hosts in coated for host in hosts)]


def n_first_orderings(asked: Delithiation) -> int:
    """Return how many orderings of a fraction the plan contains, as the start of a ranking."""
    if asked.candidates == 1:
        return 1
    return min(asked.candidates, max(asked.relaxed, FIRST_ORDERINGS))


def hole_notes(hosts: Sequence[PlannedHost]) -> list[str]:
    """Return notes on coated oxides with too few Li to be charged as far as the bare slab."""
    notes = []
    for name in dict.fromkeys(h.termination for h in hosts if h.termination is not None):
        most = max(host.n_holes for host in hosts if host.termination == name)
        beyond = [h for h in hosts if h.termination is None and h.n_holes > most]
        if beyond:
            asked = ", ".join(f"{host.requested_lithium_fraction:g}" for host in beyond)
            notes.append(
                f"coated, {name}: this oxide has only {most} Li to give, fewer than the bare "
                f"slab loses at the requested {asked}; it is charged as far as possible, no O is "
                f"compared"
            )
    return notes


def _bonded(
    recipe: Recipe, interfaces: Sequence[PlannedInterface], opened: Collection[str]
) -> list[PlannedVacancy]:
    """Return the vacancies at O that a former will bond to; whole units form no further bond."""
    exposed = [
        name
        for name in dict.fromkeys(one.termination for one in interfaces)
        if name in opened
        or any(not i.film_is_stoichiometric for i in interfaces if i.termination == name)
    ]
    formers = "".join(
        dict.fromkeys(
            symbol
            for one in interfaces
            for symbol in Composition(one.film_formula).get_el_amt_dict()
            if coating_role(symbol) == "former"
        )
    )
    return [
        PlannedVacancy(
            bonded=BondedOxygen(termination=name, order=order),
            pair=f"{name}-O{formers}{order + 1}",
            site_class="bonded to the coating",
            environment=None,
            degeneracy=1,
        )
        for name in exposed
        for order in range(recipe.vacancies.bonded_to_former)
    ]


def _bare_host(
    recipe: Recipe,
    slab: SlabModel,
    ways: Sequence[LithiumRemoval],
    pristine: dict[int, OxygenEnvironment],
    bonded: list[PlannedVacancy],
) -> PlannedHost:
    removal = ways[0]
    structure = slab.structure.copy()
    structure.remove_sites(list(removal.removed))
    kept = np.setdiff1d(np.arange(len(slab.structure)), removal.removed)
    classes = {new: pristine[int(old)].label for new, old in enumerate(kept) if old in pristine}
    here = {int(site): at for at, site in enumerate(kept)}
    found = oxygen_environments(structure, sheets_here(slab.tm_layers, here))
    turn_over = _renumbered(slab, kept) if recipe.vacancies.both_faces else None
    unlike = bool(removal.removed) and not recipe.delithiation.symmetric
    side = recipe.vacancies.side if slab.turn_over is None or unlike else None
    eligible = {site: e for site, e in found.items() if side in {None, e.side}}
    chosen = choose_vacancies(
        structure,
        eligible,
        classes=classes,
        labels=_labels(recipe, pristine, side),
        layers=recipe.vacancies.layers,
        per_environment=recipe.vacancies.per_environment,
        turn_over=turn_over,
    )
    chosen += innermost(
        structure,
        found,
        recipe.vacancies.inner,
        without=[vacancy.site for vacancy in chosen],
        turn_over=turn_over,
    )
    n_tm_layer = len(_sheet_lithium(slab) - set(removal.removed))
    environments = host_environments(
        slab.structure, slab.structure, slab.tm_layers, removal.removed
    )
    vacancies = [
        PlannedVacancy(
            site=int(kept[vacancy.site]),
            removed=[int(kept[i]) for i in vacancy.removed],
            pair=f"O{int(kept[vacancy.site])}",
            site_class=classes[vacancy.site],
            environment=environments[int(kept[vacancy.site])],
            degeneracy=vacancy.degeneracy,
        )
        for vacancy in chosen
    ] + bonded
    if unlike and slab.turn_over is not None:
        there = {vacancy.site for vacancy in vacancies} - {None}
        images = [_image(vacancy, slab.turn_over, environments) for vacancy in vacancies]
        vacancies += [one for one in images if one.site not in there]
    return PlannedHost(
        system="bare",
        requested_lithium_fraction=removal.requested,
        lithium_fraction=removal.lithium_fraction,
        n_holes=len(removal.removed),
        orderings=[list(way.removed) for way in ways],
        n_li_layer=int(structure.composition["Li"]) - n_tm_layer,
        n_tm_layer=n_tm_layer,
        environments=environments,
        classes={site: environment.label for site, environment in pristine.items()},
        vacancies=vacancies,
    )


def _image(
    vacancy: PlannedVacancy, turn_over: IntArray, environments: Mapping[int, OxygenEnvironment]
) -> PlannedVacancy:
    """Return the same vacancy on the other face of the bare slab."""
    if vacancy.site is None:
        return vacancy.model_copy(update={"other_face": True, "pair": f"{vacancy.pair}-below"})
    site = int(turn_over[vacancy.site])
    where = {"site": site, "removed": [site], "pair": f"O{site}", "environment": environments[site]}
    return vacancy.model_copy(update={**where, "degeneracy": 1, "other_face": True})


def _labels(recipe: Recipe, pristine: dict[int, OxygenEnvironment], side: Side | None) -> list[str]:
    """Return the classes to remove O from: the requested ones, or all of the pristine slab."""
    if recipe.vacancies.environments is not None:
        return recipe.vacancies.environments
    there = [e for e in pristine.values() if e.layer in recipe.vacancies.layers]
    return sorted({e.label for e in there if side in {None, e.side}})


def _coated_hosts(
    recipe: Recipe, slab: SlabModel, interface: PlannedInterface, bare: Sequence[PlannedHost]
) -> list[PlannedHost]:
    """Return the hosts of one termination, one for each bare host until all its Li has left."""
    here = places(interface.structure)
    present = [i for i in slab.structure.indices_from_symbol("Li") if i in here]
    hosts = []
    for host in bare:
        orderings = _coated_orderings(recipe, interface.structure, present, host)
        hosts.append(_coated_host(slab, interface, host, orderings, present))
        if len(orderings[0]) == len(present):
            break
    return hosts


def _coated_orderings(
    recipe: Recipe, pristine: Structure, present: Sequence[int], bare: PlannedHost
) -> list[list[int]]:
    """Return the Li that leave a coated host on charging; indices of the pristine bare slab.

    One for each ordering of the bare host, in their order, without duplicates. As many of the Li
    ``present`` leave as left the bare host, or all. With ``coated = "same"`` they are the same
    ones, and those already removed to balance charges are replaced by the ordering search.
    """
    here, numbers = places(pristine), bare_sites(pristine)
    found: list[list[int]] = []
    for removed in bare.orderings:
        same = [i for i in removed if i in present and recipe.delithiation.coated == "same"]
        emptied = delithiate_to(
            pristine,
            [here[i] for i in present],
            min(bare.n_holes, len(present)),
            gone=[here[i] for i in same],
            oxide_sites=list(here.values()),
            seed=recipe.study.seed,
        )
        one = sorted(numbers[site] for site in emptied)
        if one not in found:
            found.append(one)
    return found


def _coated_host(
    slab: SlabModel,
    interface: PlannedInterface,
    bare: PlannedHost,
    orderings: list[list[int]],
    present: Sequence[int],
) -> PlannedHost:
    removed = orderings[0]
    environments = host_environments(interface.structure, slab.structure, slab.tm_layers, removed)
    left = set(present) - set(removed)
    n_tm_layer = len(left & _sheet_lithium(slab))
    return PlannedHost(
        system="coated",
        termination=interface.termination,
        requested_lithium_fraction=bare.requested_lithium_fraction,
        lithium_fraction=len(left) / len(slab.structure.indices_from_symbol("Li")),
        n_holes=len(removed),
        orderings=orderings,
        n_li_layer=len(left) - n_tm_layer,
        n_tm_layer=n_tm_layer,
        environments=environments,
        classes=bare.classes,
        vacancies=[
            vacancy
            if vacancy.site is None
            else vacancy.model_copy(
                # under a coating no other O is its image
                update={"environment": environments[vacancy.site], "degeneracy": 1}
            )
            for vacancy in bare.vacancies
            if not vacancy.other_face
            and (vacancy.bonded is None or vacancy.bonded.termination == interface.termination)
        ],
    )


def sheets_here(tm_layers: int | Collection[int], here: Mapping[int, int]) -> int | Collection[int]:
    """Return what defines the sheets of a study's structure, by the place of each bare site."""
    if isinstance(tm_layers, int):
        return tm_layers
    return {here[site] for site in tm_layers if site in here}


def _sheet_lithium(slab: SlabModel) -> set[int]:
    """Return the Li of the pristine slab in the metal layers."""
    layers = slab.tm_layers
    sheet = tm_layer_sites(slab.structure) if isinstance(layers, int) else layers
    return set(sheet) & set(slab.structure.indices_from_symbol("Li"))


def host_environments(
    pristine: Structure,
    slab: Structure,
    tm_layers: int | Collection[int],
    removed: Collection[int],
) -> dict[int, OxygenEnvironment]:
    """Return the surroundings of each O of the oxide once some Li have left.

    ``pristine`` is the unrelaxed pristine host, bare or coated, whose atoms carry their index in
    the unrelaxed pristine bare ``slab``; ``removed`` are the Li that left on charging, by the same
    indices, as are those of the result. ``tm_layers`` is the number of its O-TM-O sheets, or on
    planes other than (001) the sites in the metal layers.
    """
    structure = without_atoms(pristine, removed)
    here = places(structure)
    found = oxygen_environments(
        structure, sheets_here(tm_layers, here), llo_sites=list(here.values())
    )
    gone = sorted(set(range(len(slab))) - here.keys())
    axes = li_o_li_axes(slab, gone, tm_layers=tm_layers)
    return {
        site: found[at].model_copy(update=axes[site].model_dump())
        for site, at in here.items()
        if at in found
    }


def _renumbered(slab: SlabModel, kept: IntArray) -> IntArray | None:
    """Return the turn-over permutation among the kept sites (-1 where the image has left)."""
    if slab.turn_over is None:
        return None
    position = np.full(len(slab.structure), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    renumbered: IntArray = position[slab.turn_over[kept]]
    return renumbered
