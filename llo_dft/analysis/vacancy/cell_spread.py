"""How E_f and its crossing depend on the ordering of the metals and the width of the cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Final

from llo_dft.analysis.vacancy.turning_point import CHARGE_TOLERANCE
from llo_dft.documents.spread import EnergySpread, StudySpread, TurningSpread
from llo_dft.documents.state_of_charge import TurningPoint
from llo_dft.documents.study_result import HostResult, StudyResult
from llo_dft.typing import System

if TYPE_CHECKING:
    OneSystem = tuple[System, str | None]


@dataclass(frozen=True)
class ComputedCell:
    """One cell of a study, computed.

    ``replica`` is which ordering of the metals it has, ``n_repeats`` how many copies of the ordered
    cell lie side by side in it.
    """

    result: StudyResult
    replica: int
    n_repeats: int

    @property
    def description(self) -> str:
        """Description in words."""
        which = "lowest ordering" if self.replica == 0 else f"ordering {self.replica + 1}"
        width = "" if self.n_repeats == 1 else f", {self.n_repeats} times as wide"
        return f"{which} of the metals{width}"


def study_spread(cells: Mapping[str, ComputedCell]) -> StudySpread:
    """Compare the cells of a study.

    The mean and the deviation are over orderings in the single cell. A repeated cell is compared
    with its single cell; its vacancies are further from their images. With N repeats, and an error
    that falls as the inverse of the area, E(infinite) = E(1) + (E(N) - E(1)) N / (N - 1).

    The cells are by name, one or more, all of the same study by the same engine and protocol. The
    lowest vacancy whose lattice was not rebuilt counts.
    """
    first = next(iter(cells.values())).result
    charges = _common_charges(cells)
    return StudySpread(
        study=first.study or "",
        engine=first.engine,
        protocol=first.protocol,
        cells={name: cell.description for name, cell in cells.items()},
        energies=[
            spread
            for system, holes in charges
            if (spread := _energy_spread(cells, system, holes)) is not None
        ],
        turning_points=[
            _turning_spread(cells, system) for system in dict.fromkeys(s for s, _ in charges)
        ],
        notes=_notes(cells),
        mock=any(cell.result.mock for cell in cells.values()),
    )


def _energy_spread(
    cells: Mapping[str, ComputedCell], system: OneSystem, holes: float
) -> EnergySpread | None:
    lowest = {
        name: min(energies)
        for name, cell in cells.items()
        if (energies := _energies(cell.result, system, holes))
    }
    once = [lowest[name] for name in lowest if cells[name].n_repeats == 1]
    if not once:
        return None
    shifts, isolated = {}, []
    for name, (base, n) in _repeated(cells).items():
        if name in lowest and base in lowest:
            shifts[name] = lowest[name] - lowest[base]
            isolated.append(shifts[name] * n / (n - 1))
    return EnergySpread(
        system=system[0],
        termination=system[1],
        holes_per_tm=holes,
        lowest_ev=lowest,
        mean_ev=fmean(once),
        deviation_ev=stdev(once) if len(once) > 1 else None,
        lateral_shift_ev=shifts,
        extrapolated_ev=fmean(once) + fmean(isolated) if isolated else None,
    )


def _turning_spread(cells: Mapping[str, ComputedCell], system: OneSystem) -> TurningSpread:
    points = {name: _turning_point(cell.result, system) for name, cell in cells.items()}
    turns = {
        name: None if one is None or one.at is None else one.at.holes_per_tm
        for name, one in points.items()
    }
    once = [q for name, q in turns.items() if q is not None and cells[name].n_repeats == 1]
    shares = {"ordering of the metals": stdev(once)} if len(once) > 1 else {}
    widths = [
        abs(wide - narrow)
        for name, (base, _) in _repeated(cells).items()
        if (wide := turns[name]) is not None and (narrow := turns[base]) is not None
    ]
    if widths:
        shares["width of the cell"] = max(widths)
    for share in (share for one in points.values() if one is not None for share in one.shares):
        width = share.latest.position - share.earliest.position
        shares[share.source] = max(width, shares.get(share.source, 0.0))
    return TurningSpread(
        system=system[0],
        termination=system[1],
        holes_per_tm=turns,
        mean=fmean(once) if once else None,
        shares=shares,
    )


def _common_charges(cells: Mapping[str, ComputedCell]) -> list[tuple[OneSystem, float]]:
    """Return the systems and states of charge of a cell, in order, without duplicates."""
    found: list[tuple[OneSystem, float]] = []
    for cell in cells.values():
        for host in cell.result.hosts:
            if host.holes_per_tm is not None:
                known = any(
                    system == _system(host) and abs(holes - host.holes_per_tm) < CHARGE_TOLERANCE
                    for system, holes in found
                )
                if not known:
                    found.append((_system(host), host.holes_per_tm))
    return sorted(found, key=lambda one: (one[0][0], one[0][1] or "", one[1]))


def _repeated(cells: Mapping[str, ComputedCell]) -> dict[str, tuple[str, int]]:
    """Return, for each repeated cell, the single cell of the same ordering and the repeats."""
    once = {cell.replica: name for name, cell in cells.items() if cell.n_repeats == 1}
    return {
        name: (once[cell.replica], cell.n_repeats)
        for name, cell in cells.items()
        if cell.n_repeats > 1 and cell.replica in once
    }


def _energies(result: StudyResult, system: OneSystem, holes: float) -> Sequence[float]:
    return [
        energy
        for host in result.hosts
        if _system(host) == system
        and host.holes_per_tm is not None
        and abs(host.holes_per_tm - holes) < CHARGE_TOLERANCE
        for energy in host.kept_energies_ev
    ]


def _turning_point(result: StudyResult, system: OneSystem) -> TurningPoint | None:
    """Return the turning point of the lowest O."""
    return next(
        (
            point
            for point in result.turning_points
            if (point.system, point.termination) == system and point.site is None
        ),
        None,
    )


def _system(host: HostResult) -> OneSystem:
    return host.system, host.termination


def _notes(cells: Mapping[str, ComputedCell]) -> list[str]:
    n_orderings = len({cell.replica for cell in cells.values()})
    notes = []
    if n_orderings < FEWEST_REPLICAS:
        notes.append(
            f"{n_orderings} orderings of the metals say little about how they are distributed; "
            f"take at least {FEWEST_REPLICAS}"
        )
    if all(cell.n_repeats == 1 for cell in cells.values()):
        notes.append("no repeated cell: how E_f changes with the width of the cell is not known")
    return notes


#: Fewest orderings from which a deviation is worth stating.
FEWEST_REPLICAS: Final = 5
