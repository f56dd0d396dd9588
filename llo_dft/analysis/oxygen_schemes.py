"""Which O2 schemes go with which calculations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llo_dft.analysis.oxygen import OXYGEN_SCHEMES

if TYPE_CHECKING:
    from llo_dft.documents.calculation import Fingerprint
    from llo_dft.typing import OxygenScheme

#: Functionals whose energies the corrections were fitted to, with or without a Hubbard U.
FITTED_FUNCTIONAL: Final = "PBE"

#: Schemes that hold a correction fitted to energies of that functional.
_FITTED: Final[tuple[OxygenScheme, ...]] = ("wang2006", "mp2020")


def refused_schemes(fingerprint: Fingerprint) -> dict[OxygenScheme, str]:
    """Return the O2 schemes that may not be used with first-principles energies, and why.

    ``wang2006`` and ``mp2020`` were fitted to the error that PBE makes for O2; another
    functional makes another one: HSE06 and SCAN overbind O2 by a fraction of it. ``potential``
    is for potentials whose training labels are corrected. ``none`` goes with everything.

    Parameters
    ----------
    fingerprint
        Of the hosts, computed from first principles.
    """
    refused: dict[OxygenScheme, str] = {
        "potential": f"these are energies of {fingerprint.engine}, not of a potential that "
        "learned corrected ones"
    }
    if fingerprint.functional.partition("+U")[0] != FITTED_FUNCTIONAL:
        reason = (
            f"it was fitted to {FITTED_FUNCTIONAL} and {FITTED_FUNCTIONAL}+U energies, and these "
            f"are {fingerprint.functional}; use 'none'"
        )
        refused |= dict.fromkeys(_FITTED, reason)
    return {scheme: refused[scheme] for scheme in OXYGEN_SCHEMES if scheme in refused}
