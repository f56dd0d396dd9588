"""Which O2 schemes apply to which calculations."""

from llo_dft.analysis.oxygen.chemical_potential import OXYGEN_SCHEMES
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.oxygen import schemes_not_fitted
from llo_dft.typing import OxygenScheme


def refused_schemes(fingerprint: Fingerprint) -> dict[OxygenScheme, str]:
    """Return the O2 schemes that may not be used with first-principles energies, and why.

    ``wang2006`` and ``mp2020`` apply to the settings that they were fitted to
    (``schemes_not_fitted``), ``potential`` to potentials whose training labels are corrected, and
    ``none`` to everything. The U of every element in the fingerprint counts.

    Parameters
    ----------
    fingerprint
        Of the hosts, computed from first principles.
    """
    refused: dict[OxygenScheme, str] = {
        "potential": f"these are energies of {fingerprint.engine}, not of a potential that "
        "learned corrected ones"
    }
    refused |= schemes_not_fitted(
        fingerprint.functional,
        {_symbol(kind): u for kind, u in fingerprint.u_values_ev.items()},
        [_symbol(kind) for kind in (*fingerprint.pseudopotentials, *fingerprint.u_values_ev)],
        fingerprint.dispersion,
    )
    return {scheme: refused[scheme] for scheme in OXYGEN_SCHEMES if scheme in refused}


def _symbol(kind: str) -> str:
    """Return the element of a kind of atoms: "Mn(2)" is Mn."""
    return kind.partition("(")[0]
