"""Phrases that the tables of studies and of plain runs share."""

from collections.abc import Sequence
from typing import Final

from llo_dft.cli.output.terminal import number
from llo_dft.documents.asked_and_built import AskedAndBuilt
from llo_dft.documents.calculation import EngineBias
from llo_dft.documents.labels import TURNED
from llo_dft.documents.sites import OxygenEnvironment
from llo_dft.documents.stability.phase_stability import PairReactivity
from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint
from llo_dft.documents.study_result import CoatingEnergy, OxygenChemicalPotential

#: Flags of a rebuilt lattice in a table; the results hold all.
_FLAGS_SHOWN: Final = 3

#: Heads of ``reaction_cells``; energies in eV/atom.
REACTION_COLUMNS: Final = (
    *("eV/atom", "alone", "mutual"),
    *("atoms of first", "<becomes", "<missing"),
)


def reaction_cells(pair: PairReactivity) -> list[str]:
    """Return the products of two phases at the ratio with the largest gain."""
    worst = pair.worst
    return [
        f"{worst.energy_ev_per_atom:.3f}",
        f"{pair.own_decomposition_ev_per_atom:.3f}",
        f"{pair.mutual_ev_per_atom:.3f}",
        f"{worst.fraction_of_first:.2f}",
        " + ".join(worst.products) or "no reaction",
        ", ".join(pair.missing),
    ]


def crossing_text(point: TurningPoint) -> str:
    """Return the state of charge at which E_f crosses zero, with its interval."""
    if point.at is None:
        return "none"
    ends = [_place(one) for one in (point.earliest, point.latest) if one is not None]
    interval = f" ({' to '.join(sorted(ends))})" if ends else ""
    if point.at.holes_per_tm is None:
        return f"x0 = {_place(point.at)}{interval}"
    return (
        f"q0 = {_place(point.at)} holes per TM{interval}, x0 = {point.at.lithium_fraction:.2f}, "
        f"{point.at.capacity_mah_per_g:.0f} mAh/g"
    )


def turning_text(point: TurningPoint) -> str:
    """Return where E_f of a system, or of one of its O, crosses zero, in words."""
    of = "lowest E_f" if point.site is None else "E_f"
    parts = [
        f"no crossing of zero: {point.reason}"
        if point.at is None
        else f"{of} crosses zero at {crossing_text(point)}"
    ]
    for share in point.shares:
        ends = sorted([_place(share.earliest), _place(share.latest)])
        cut_off = f" ({share.cut_off})" if share.cut_off else ""
        parts.append(f"by {share.source} {' to '.join(ends)}{cut_off}")
    if point.with_rebuilt is not None and point.with_rebuilt != point.at:
        parts.append(f"with rebuilt ones at {point.with_rebuilt.text}")
    if point.reason and point.at is not None:
        parts.append(point.reason)
    if not point.is_of_one_oxygen:
        parts.append(f"the lowest O changes: {', '.join(point.oxygens)}")
    return "; ".join(parts)


def _place(charge: StateOfCharge) -> str:
    """Return the number on the axis of charge: holes per TM, or if not known x."""
    value = charge.lithium_fraction if charge.holes_per_tm is None else charge.holes_per_tm
    return number(value, 2, none="?")


def built_lines(built: Sequence[AskedAndBuilt], notes: Sequence[str]) -> list[str]:
    """Return what was requested and what was built, a line for each."""
    width = max((len(row.what) for row in built), default=0)
    asked = max((len(row.asked) for row in built), default=0)
    lines = [
        f"  {row.what:{width}}  requested {row.asked:{asked}}  built {row.built}" for row in built
    ]
    return [*lines, *(f"  note: {note}" for note in notes)]


def potential_text(oxygen: OxygenChemicalPotential) -> str:
    """Return mu_O with scheme, temperature and pressure."""
    return (
        f"mu_O = {oxygen.mu_ev:.3f} eV: scheme {oxygen.scheme}, {oxygen.temperature_k:g} K, "
        f"{oxygen.pressure_bar:g} bar"
    )


def coating_texts(energy: CoatingEnergy) -> list[str]:
    """Return the energies of a coating; what compares between terminations comes last."""
    found = []
    if energy.work_of_adhesion_j_per_m2 is not None:
        found.append(f"work of adhesion {energy.work_of_adhesion_j_per_m2:.2f} J/m2")
    if energy.coating_energy_j_per_m2 is not None:
        at = "" if energy.voltage_v is None else f" at {energy.voltage_v:.2f} V"
        found.append(f"coating energy {energy.coating_energy_j_per_m2:.2f} J/m2{at}")
    return found


def bias_text(bias: EngineBias) -> str:
    """Return a published energy, an engine's value for it, and the difference."""
    return (
        f"{bias.quantity} {bias.engine_ev:.2f} eV, published {bias.published_ev:.2f} "
        f"({bias.source}): {bias.difference_ev:+.2f}"
    )


def cations_text(around: OxygenEnvironment | None) -> str:
    """Return the cations around an O; '' where they are not known."""
    if around is None:
        return ""
    text = f"{around.n_tm} TM, {around.n_li + around.n_li_interlayer} Li"
    return f"{text}, {around.n_former} former" if around.n_former else text


def remarks(reason: str | None, flags: Sequence[str]) -> str:
    """Return the reason, the first of what was rebuilt, and how many moments changed or turned."""
    turned = [flag for flag in flags if flag.endswith(TURNED)]
    moments = sum(flag.startswith("moment") for flag in flags) - len(turned)
    lattice = [flag for flag in flags if not flag.startswith("moment")]
    rest = len(lattice) - _FLAGS_SHOWN
    more = [f"{rest} more"] if rest > 0 else []
    changed = [f"{moments} moment{'s' * (moments > 1)} changed"] if moments else []
    return "; ".join(
        [*([reason] if reason else []), *lattice[:_FLAGS_SHOWN], *more, *changed, *turned]
    )
