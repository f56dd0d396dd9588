"""Which oxygens a plain run lacks, and what is around them in its host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.analysis.vacancy.missing_sites import missing_from
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.documents.study_result import RemovedOxygen
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from llo_dft.documents.sites import OxygenEnvironment
    from llo_dft.runs.plain_runs import PlainRun


def removed_oxygens(
    host: PlainRun, vacancy: PlainRun, tm_layers: int | None
) -> list[RemovedOxygen]:
    """Return the oxygens that a vacancy lacks; none if its atoms don't lie where the host's do.

    Parameters
    ----------
    host, vacancy
        Both with structures.
    tm_layers
        O-TM-O sheets of the host, for the environments; None: without.

    Raises
    ------
    InputError
        If the host has no such sheets.
    """
    missing = missing_from(host.calculation, vacancy.calculation)
    around = {} if tm_layers is None else _environments(host, tm_layers)
    if not missing.is_certain:
        return []
    return [
        RemovedOxygen(site=site)
        if site not in around
        else RemovedOxygen(
            site=site,
            environment=around[site],
            site_class=around[site].label,
        )
        for site in missing.sites
    ]


def _environments(host: PlainRun, tm_layers: int) -> dict[int, OxygenEnvironment]:
    if host.structure is None:
        return {}
    try:
        return oxygen_environments(host.structure, tm_layers)
    except ValueError as error:
        raise InputError(f"--tm-layers {tm_layers}: {host.path}: {error}") from error
