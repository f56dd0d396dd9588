"""The settings of a calculation in one line, as figures and tables name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llo_dft.documents.calculation import Fingerprint


def settings_text(fingerprint: Fingerprint | None) -> str:
    """Return engine, functional, U and cutoff in words; '' where they are not known."""
    if fingerprint is None:
        return ""
    engine = f"{fingerprint.engine} {fingerprint.model or fingerprint.engine_version}"
    parts = [engine.strip(), fingerprint.functional]
    parts += [f"U({element}) {u:g} eV" for element, u in fingerprint.u_values_ev.items()]
    if fingerprint.dispersion:
        parts.append(fingerprint.dispersion)
    if fingerprint.cutoff_ev is not None:
        parts.append(f"{fingerprint.cutoff_ev:g} eV")
    return ", ".join(parts)
