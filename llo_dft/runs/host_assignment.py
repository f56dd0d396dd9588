"""How plain runs are related: systems, lithium fractions, the host of each vacancy."""

import math
from collections.abc import Collection, Sequence

from pymatgen.core.structure import Structure

from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.vacancy.formation_energy import VacancyCompositionError, removed_oxygen_count
from llo_dft.analysis.vacancy.host_result import MadeVacancy, host_result
from llo_dft.analysis.vacancy.missing_sites import missing_from
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.study_result import HostResult
from llo_dft.errors import InputError
from llo_dft.runs.plain_runs import PlainRun, formula_of
from llo_dft.typing import System


def system_of(structure: Structure) -> System:
    """Return whether a host is coated: only a coating has elements that are always formers."""
    formers = [e for e in structure.composition if element_role(e.symbol) == "former"]
    return "coated" if formers else "bare"


def result_of_host(
    run: PlainRun,
    x: float | None,
    reservoir: OxygenReservoir,
    vacancies: Sequence[MadeVacancy] = (),
    allow: Collection[str] = (),
) -> HostResult:
    """Return a run as a host at a lithium fraction, with its vacancies."""
    structure = run.structure
    return host_result(
        run.calculation,
        vacancies,
        reservoir,
        allow,
        run=run.path,
        system="bare" if structure is None else system_of(structure),
        lithium_fraction=x,
        n_li=None if structure is None else int(structure.composition["Li"]),
    )


def check_one_framework(hosts: Sequence[PlainRun], *, any_size: bool = False) -> None:
    """Refuse hosts of one system that differ in more than Li.

    Unreadable hosts are ignored. With ``any_size`` their cells may contain the same framework
    different numbers of times.

    Raises ``InputError``, with both compositions.
    """
    first: dict[System, tuple[str, Structure]] = {}
    for host in hosts:
        if host.structure is None:
            continue
        path, structure = first.setdefault(system_of(host.structure), (host.path, host.structure))
        one, other = _framework(structure), _framework(host.structure)
        if any_size:
            one, other = (
                {element: n // math.gcd(*amounts.values()) for element, n in amounts.items()}
                for amounts in (one, other)
            )
        if one != other:
            raise InputError(
                f"only Li may differ between hosts, but {path} is {formula_of(structure)} and "
                f"{host.path} is {formula_of(host.structure)}"
            )


def lithium_fractions(
    structures: Sequence[Structure], full: int | None, coating: int
) -> list[float | None]:
    """Return the lithium fraction of each host.

    ``x = (n - coating) / (full - coating)``; without ``full``, the fullest host of its system
    counts as full, if another one has less. Where bare hosts of as many metals are there too, a
    coated one is counted from those, so that Li that left for the coating's charge is missing.

    ``full`` is all Li in the cell of a host at full lithium, of a bare one if there are both, and
    ``coating`` the Li of the coating in each coated cell, which never counts.

    Raises ``InputError`` if a host has more Li than the full one, or less than its coating.
    """
    counts = [int(structure.composition["Li"]) for structure in structures]
    kinds = [(system_of(structure), _n_metals(structure)) for structure in structures]
    found: list[float | None] = []
    # of a coating of metals (Al2O3, LiNbO3) only its Li tells that it is there
    unseen = all(system == "bare" for system, _ in kinds)
    for n, (system, metals) in zip(counts, kinds, strict=True):
        alike = [m for m, other in zip(counts, kinds, strict=True) if other[0] == system]
        most = full if full is not None else max(alike) if len(set(alike)) > 1 else None
        apart = coating if system == "coated" or unseen else 0
        known = [] if unseen else zip(counts, kinds, strict=True)
        bare = {m for m, other in known if other == ("bare", metals)}
        if apart and bare and full is not None:
            most = full + apart
        elif apart and len(bare) > 1 and max(bare) + apart >= max(alike):
            most = max(bare) + apart
        if most is None:
            found.append(None)
            continue
        if not apart <= n <= most or most == apart:
            raise InputError(
                f"a {system} host has {n} Li; expected {apart} (its coating's) to {most} (at full "
                "lithium): see --lithium-full and --coating-li"
            )
        found.append((n - apart) / (most - apart))
    return found


def fractions_of(runs: Sequence[PlainRun], full: int | None, coating: int) -> list[float | None]:
    """Return the lithium fraction of each run, as ``lithium_fractions`` does.

    None for a run that can't be read; without ``full`` for all, since that run may be the fullest.
    """
    structures = [run.structure for run in runs if run.structure is not None]
    if full is None and len(structures) < len(runs):
        return [None] * len(runs)
    found = iter(lithium_fractions(structures, full, coating))
    return [None if run.structure is None else next(found) for run in runs]


def host_of(vacancy: PlainRun, hosts: Sequence[PlainRun]) -> PlainRun | None:
    """Return the host that a vacancy was made from: its composition plus O, and its geometry.

    It is None if no readable host fits, but some can't be read.

    Raises ``InputError`` if it is not a host minus O, with the compositions, or fits several
    equally well.
    """
    fitting = [host for host in hosts if _is_host_less_oxygen(host, vacancy)]
    if not fitting:
        if any(host.structure is None for host in hosts):
            return None
        raise _fits_no_host(vacancy, hosts)
    if len(fitting) == 1:
        return fitting[0]
    certain = [
        host for host in fitting if missing_from(host.calculation, vacancy.calculation).is_certain
    ]
    if len(certain) != 1:
        names = ", ".join(host.path for host in certain or fitting)
        many = "more than one" if certain else "none"
        raise InputError(
            f"{vacancy.path} has the composition of several hosts minus O, and the atoms of "
            f"{many} of them ({names}); give it together with its own host only"
        )
    return certain[0]


def formula_units(structure: Structure) -> int:
    """Return how many formula units, counted without Li, a cell contains."""
    return math.gcd(*_framework(structure).values()) or 1


def _framework(structure: Structure) -> dict[str, int]:
    """Return the numbers of atoms other than Li."""
    amounts = structure.composition.element_composition.get_el_amt_dict()
    return {element: round(n) for element, n in amounts.items() if element != "Li"}


def _n_metals(structure: Structure) -> int:
    return sum(element_role(site.specie.symbol) == "framework" for site in structure)


def _is_host_less_oxygen(host: PlainRun, vacancy: PlainRun) -> bool:
    if host.structure is None or vacancy.structure is None:
        return False
    try:
        removed_oxygen_count(host.structure, vacancy.structure)
    except VacancyCompositionError:
        return False
    return True


def _fits_no_host(vacancy: PlainRun, hosts: Sequence[PlainRun]) -> InputError:
    structure = vacancy.structure
    known = [
        f"{host.path} {formula_of(host.structure)}" for host in hosts if host.structure is not None
    ]
    what = "" if structure is None else formula_of(structure)
    return InputError(
        f"a vacancy's cell must be its host's minus one or more O and nothing else; {vacancy.path} "
        f"is {what}, and the host{'s are' if len(known) > 1 else ' is'} {', '.join(known)}"
    )
