"""What relaxing a plain run rebuilt: its lattice, and the moments of its metals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymatgen.core.structure import Structure

from llo_dft.analysis.vacancy.structure_check import check_relaxed
from llo_dft.runs.host_assignment import missing_sites

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llo_dft.runs.plain_runs import PlainRun

#: Most runs that a note names.
_MOST_NAMED: Final = 3


def host_flags(run: PlainRun) -> list[str]:
    """Return what relaxing a host rebuilt, against the structure that its run began with."""
    if run.completed is None:
        return []
    calculation = run.completed.calculation
    if calculation.initial_structure is None or calculation.structure is None:
        return []
    return check_relaxed(calculation.initial_structure, calculation.structure)


def vacancy_flags(host: PlainRun, vacancy: PlainRun) -> list[str]:
    """Return what a relaxed vacancy has otherwise than its relaxed host, moments included.

    The last run of several that went on from each other begins with what the first one rebuilt,
    so it is not the structure a run began with that counts; only where the host has no result
    is that taken. Moments are compared where every atom's site in the host is certain.
    """
    if vacancy.completed is None:
        return []
    if host.completed is None:
        return host_flags(vacancy)
    before, after = host.completed.calculation, vacancy.completed.calculation
    if before.structure is None or after.structure is None:
        return []
    match = missing_sites(host, vacancy)
    kept = Structure.from_sites([before.structure[site] for site in match.site_of_atom])
    moments: list[float] | None = None
    if before.magmoms_mu_b is not None and match.is_certain:
        moments = [before.magmoms_mu_b[site] for site in match.site_of_atom]
    flags = check_relaxed(kept, after.structure, moments, after.magmoms_mu_b)
    if not match.is_certain and not any(flag.startswith("moved") for flag in flags):
        flags.append(f"moved: an atom began {match.farthest_angstrom:.2f} A from any site")
    return flags


def moments_note(runs: Iterable[PlainRun]) -> list[str]:
    """Say of which runs with spins the moments are not known, so that no change of them is seen."""
    lacking = [
        run.path
        for run in runs
        if run.completed is not None
        and run.completed.spin_polarized
        and run.completed.calculation.magmoms_mu_b is None
    ]
    if not lacking:
        return []
    what = "the moments of the atoms are not known (an OUTCAR with LORBIT = 11 has them)"
    named = ", ".join(lacking[:_MOST_NAMED])
    more = f" and {len(lacking) - _MOST_NAMED} more" if len(lacking) > _MOST_NAMED else ""
    return [f"no change of an oxidation state can be seen where {what}: {named}{more}"]
