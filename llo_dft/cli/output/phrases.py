"""What the tables of studies and of plain runs say in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.documents.sites import OxygenEnvironment
    from llo_dft.documents.study_result import OxygenChemicalPotential, TurningPoint

#: Flags of a rebuilt lattice in a table; the results hold all.
_FLAGS_SHOWN: Final = 3


def crossing_text(point: TurningPoint) -> str:
    """Return a lithium fraction at which E_f crosses zero, with its interval."""
    low, high = ("?" if end is None else f"{end:.2f}" for end in (point.low, point.high))
    return f"{point.lithium_fraction:.2f} ({low} to {high})"


def turning_text(point: TurningPoint) -> str:
    """Return where the lowest E_f of a system crosses zero, in words."""
    if point.lithium_fraction is None:
        return f"E_f crosses zero nowhere: {point.reason}"
    text = f"lowest E_f crosses zero at x0 = {crossing_text(point)}"
    return f"{text}; {point.reason}" if point.reason else text


def potential_text(oxygen: OxygenChemicalPotential) -> str:
    """Return mu_O with scheme, temperature and pressure."""
    return (
        f"mu_O = {oxygen.mu_ev:.3f} eV: scheme {oxygen.scheme}, {oxygen.temperature_k:g} K, "
        f"{oxygen.pressure_bar:g} bar"
    )


def cations_text(around: OxygenEnvironment | None) -> str:
    """Return the cations around an O; '' where they are not known."""
    if around is None:
        return ""
    text = f"{around.n_tm} TM, {around.n_li + around.n_li_interlayer} Li"
    return f"{text}, {around.n_former} P" if around.n_former else text


def remarks(reason: str | None, flags: Sequence[str]) -> str:
    """Return the reason, the first of what was rebuilt, and how many moments changed."""
    moments = sum(flag.startswith("moment") for flag in flags)
    lattice = [flag for flag in flags if not flag.startswith("moment")]
    rest = len(lattice) - _FLAGS_SHOWN
    more = [f"{rest} more"] if rest > 0 else []
    changed = [f"{moments} moment{'s' * (moments > 1)} changed"] if moments else []
    return "; ".join([*([reason] if reason else []), *lattice[:_FLAGS_SHOWN], *more, *changed])
