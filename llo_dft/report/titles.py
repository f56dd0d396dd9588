"""Titles of figures and tables: how their numbers were computed."""

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Final

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.study_result import OxygenChemicalPotential, StudyResult
from llo_dft.report.answer import why_none

#: Most characters of a line above a figure.
_TITLE_WIDTH: Final = 95

#: Mark above everything made from mock numbers.
MOCK: Final = "MOCK OUTPUTS - NOT A RESULT"


def title_text(lines: Iterable[str], *, allowed: Sequence[str] = (), mock: bool = False) -> str:
    """Return a title: the mock mark, the lines that are not empty, what was allowed to differ."""
    found = [MOCK] if mock else []
    found += [line for line in lines if line]
    if allowed:
        found.append(f"allowed to differ: {', '.join(allowed)}")
    return "\n".join(found)


def plane_text(miller: Sequence[int]) -> str:
    """Return a plane in brackets, with spaces if an index has several characters."""
    digits = [str(index) for index in miller]
    return f"({('' if max(map(len, digits)) == 1 else ' ').join(digits)})"


def result_title(result: StudyResult, *, reason: bool = True) -> str:
    """Return a figure's title: what was computed, how, and with ``reason`` why none crosses."""
    settings = settings_text(result.fingerprint) or f"engine {result.engine}"
    plane = plane_text(result.slab_miller)
    if result.coating_miller is not None:
        plane += f" under {plane_text(result.coating_miller)} of the coating"
    what = f"{result.composition} {plane}, {settings} ({result.protocol})"
    if result.study is None:
        what = ", ".join(filter(None, (result.composition, settings_text(result.fingerprint))))
    lines = [what, oxygen_text(result.oxygen)]
    if reason and result.no_crossings:
        lines.append(
            fill(f"No crossing, no coated - bare: {why_none(result.no_crossings)}", _TITLE_WIDTH)
        )
    return title_text(lines, allowed=result.allowed, mock=result.mock)


def settings_text(fingerprint: Fingerprint | None) -> str:
    """Return engine, functional, U, J, dispersion and cutoff; '' if unknown."""
    if fingerprint is None:
        return ""
    engine = f"{fingerprint.engine} {fingerprint.model or fingerprint.engine_version}"
    parts = [engine.strip(), fingerprint.functional]
    parts += [f"U({element}) {u:g} eV" for element, u in fingerprint.u_values_ev.items()]
    parts += [f"J({element}) {j:g} eV" for element, j in fingerprint.j_values_ev.items()]
    if fingerprint.dispersion:
        parts.append(fingerprint.dispersion)
    if fingerprint.cutoff_ev is not None:
        parts.append(f"{fingerprint.cutoff_ev:g} eV")
    return ", ".join(parts)


def oxygen_text(oxygen: OxygenChemicalPotential | None, *, none: str = "") -> str:
    """Return O2 scheme, temperature and pressure in words; ``none`` where O2 has no energy."""
    if oxygen is None:
        return none
    return f"O2 scheme '{oxygen.scheme}', {oxygen.temperature_k:g} K, {oxygen.pressure_bar:g} bar"
