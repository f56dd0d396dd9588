"""Which oxygens to remove: symmetry-distinct sites, chosen for each environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.surface.symmetry import distinct_sites
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.errors import InputError
from llo_dft.typing import IntArray, Layer

_DEPTH: Final[dict[Layer, int]] = {"surface": 0, "subsurface": 1, "inner": 2}


@dataclass(frozen=True)
class VacancySite:
    """One oxygen to remove."""

    site: int
    """Index in the given host."""
    removed: tuple[int, ...]
    """All indices to remove: the site, and its image on the other face if both are removed."""
    environment: OxygenEnvironment
    """Environment of the site in the host."""
    degeneracy: int
    """Number of O equivalent to it in the host."""


def choose_vacancies(
    host: Structure,
    environments: Mapping[int, OxygenEnvironment],
    *,
    classes: Mapping[int, str],
    labels: Sequence[str],
    layers: Sequence[Layer],
    per_environment: int,
    turn_over: IntArray | None = None,
) -> list[VacancySite]:
    """Choose symmetry-distinct O sites of each environment.

    Within a class the sites are ordered by the number of cations bonded to them, and spread
    over that range: the first has the fewest (it leaves most easily), the last the most.

    ``environments`` and ``classes`` are by site of the host, a slab without vacancy; a class is the
    label in the pristine host, so that an O keeps its class when the Li next to it leaves.
    ``labels`` are the classes to choose from, such as "2TM+1Li" and "3TM", ``layers`` the layers,
    ``per_environment`` the sites per class (fewer if there are fewer distinct ones). ``turn_over``
    is a permutation that maps top to bottom; if given, O is removed from both faces.

    Raises ``InputError`` if a class does not occur in those layers.
    """
    equivalent = _from_top(host, environments)
    representatives = sorted(set(equivalent.values()))
    chosen: list[VacancySite] = []
    for label in labels:
        members = [
            site
            for site in representatives
            if classes[site] == label and environments[site].layer in layers
        ]
        if not members:
            there = sorted({classes[site] for site, e in environments.items() if e.layer in layers})
            raise InputError(
                f"no O of environment {label} in {', '.join(layers)}; found: "
                f"{', '.join(there) or 'no O at all'}"
            )
        members.sort(key=lambda site: (environments[site].n_cations, site))
        chosen += [
            _vacancy(site, environments, equivalent, turn_over)
            for site in _spread(members, per_environment)
        ]
    return chosen


def innermost(
    host: Structure,
    environments: Mapping[int, OxygenEnvironment],
    count: int,
    *,
    without: Sequence[int],
    turn_over: IntArray | None = None,
) -> list[VacancySite]:
    """Choose symmetry-distinct O sites as far from both faces as possible, for reference.

    At most ``count`` are chosen, none of those ``without``; other arguments are as for
    :func:`choose_vacancies`.
    """
    deepest = max((_DEPTH[e.layer] for e in environments.values()), default=0)
    inside = {site: e for site, e in environments.items() if _DEPTH[e.layer] == deepest}
    equivalent = _from_top(host, inside)
    taken = {equivalent.get(site) for site in without}
    return [
        _vacancy(site, environments, equivalent, turn_over)
        for site in sorted(set(equivalent.values()) - taken)[:count]
    ]


def _from_top(host: Structure, environments: Mapping[int, OxygenEnvironment]) -> dict[int, int]:
    """Return for each O the equivalent that represents it: one on top, where a coating is."""
    sites = sorted(environments, key=lambda site: (environments[site].side != "top", site))
    return distinct_sites(host, sites)


def _vacancy(
    site: int,
    environments: Mapping[int, OxygenEnvironment],
    equivalent: Mapping[int, int],
    turn_over: IntArray | None,
) -> VacancySite:
    partner = site if turn_over is None else int(turn_over[site])
    return VacancySite(
        site=site,
        removed=tuple(sorted({site, partner})),
        environment=environments[site],
        degeneracy=sum(first == site for first in equivalent.values()),
    )


def _spread(members: list[int], count: int) -> list[int]:
    if count >= len(members):
        return members
    positions = np.unique(np.round(np.linspace(0, len(members) - 1, count)).astype(int))
    return [members[position] for position in positions]
