"""Oxygen chemical potential from the energy of O2, a correction scheme, T and p.

``mu_O(T, p) = E(O2)/2 + correction + delta_mu(T) + (1/2) k_B T ln(p / 1 bar)``

with ``delta_mu(T) = [H(T) - H(reference) - T S(T)] / 2`` of O2 at 1 bar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from llo_dft.analysis.oxygen.gas import delta_mu_oxygen_ev, pressure_term_ev
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.oxygen import schemes_not_fitted
from llo_dft.documents.study_result import OxygenChemicalPotential
from llo_dft.typing import OxideKind, OxygenScheme
from llo_dft.units import STANDARD_TEMPERATURE_K

#: MP2020 anion corrections with the opposite sign, eV per O. The solid has -0.687 eV per oxide O;
#: removing an O removes that, so the difference vacancy - host rises by 0.687.
#: A. Wang et al., Sci. Rep. 11, 15496 (2021).
MP2020_SHIFT_EV: Final[Mapping[OxideKind, float]] = MappingProxyType(
    {"oxide": 0.687, "peroxide": 0.465, "superoxide": 0.161}
)


@dataclass(frozen=True)
class OxygenSchemeData:
    """What a scheme adds to half the energy of O2, and the enthalpy zero it is paired with."""

    correction_ev: float
    delta_mu_reference_k: float


#: The schemes (see ``oxygen_chemical_potential``). A correction fitted to formation enthalpies at
#: 298 K already includes the enthalpy of O2 from 0 to 298 K, so it is paired with a delta_mu whose
#: enthalpy is zero at 298.15 K.
OXYGEN_SCHEMES: Final[Mapping[OxygenScheme, OxygenSchemeData]] = MappingProxyType(
    {
        "none": OxygenSchemeData(0.0, 0.0),
        "wang2006": OxygenSchemeData(0.68, STANDARD_TEMPERATURE_K),
        "mp2020": OxygenSchemeData(MP2020_SHIFT_EV["oxide"], STANDARD_TEMPERATURE_K),
        "potential": OxygenSchemeData(0.0, STANDARD_TEMPERATURE_K),
    }
)


def oxygen_chemical_potential(
    scheme: OxygenScheme,
    o2_energy_ev_per_atom: float,
    o2_energy_source: str,
    temperature_k: float,
    pressure_bar: float,
    oxide_kind: OxideKind = "oxide",
) -> OxygenChemicalPotential:
    """Oxygen chemical potential and each term of it, eV per O atom.

    - ``none``: no correction, enthalpy of O2 from 0 K; for hybrids and SCAN.
    - ``wang2006``: +0.68 eV per O against the overbinding of O2 by PBE and PBE+U (L. Wang,
      T. Maxisch, G. Ceder, Phys. Rev. B 73, 195107 (2006)). Fitted to formation enthalpies at
      298 K, so the enthalpy of O2 is counted from 298.15 K (``delta_mu_reference_k``); counting
      it from 0 K would include the same 0.045 eV twice.
    - ``mp2020``: the Materials Project corrects the solid, -0.687 eV per oxide O, and leaves
      O2 unchanged. In E(vacancy) - E(host) that is +0.687 eV for each O removed, the same as a
      shift of mu, so it is applied as one here. The energies must then be uncorrected. The
      corrections of the transition metals cancel, because no metal is removed. Fitted to formation
      enthalpies at 298 K as well, hence counted from 298.15 K.
    - ``potential``: no correction, because the labels that the potential learned already include
      MP2020; ``o2_energy_ev_per_atom`` must be O2 on the scale of those labels. Counted from
      298.15 K, as for MP2020. A potential with uncorrected labels needs another scheme.

    Raises ``ValueError`` for an unknown scheme, a pressure that is not positive, a temperature
    outside the fit, or an energy that is not finite.

    Parameters
    ----------
    scheme
        Exactly one of ``OXYGEN_SCHEMES``: two would correct the same error twice.
    o2_energy_ev_per_atom
        Half the energy of one O2 molecule, eV, uncorrected.
    o2_energy_source
        Where that energy comes from, for the reader.
    temperature_k
        100 to 2000 K, or exactly 0 K.
    pressure_bar
        Partial pressure of O2, bar; an ideal gas is assumed.
    oxide_kind
        Kind of the removed O, for ``mp2020`` (``MP2020_SHIFT_EV``); others don't distinguish them.
    """
    if scheme not in OXYGEN_SCHEMES:
        known = ", ".join(OXYGEN_SCHEMES)
        raise ValueError(f"Unknown O2 scheme {scheme!r}; expected exactly one of {known}")
    by_kind = scheme == "mp2020"
    reference_k = OXYGEN_SCHEMES[scheme].delta_mu_reference_k
    correction = MP2020_SHIFT_EV[oxide_kind] if by_kind else OXYGEN_SCHEMES[scheme].correction_ev
    delta_mu = delta_mu_oxygen_ev(temperature_k, reference_k)
    pressure_term = pressure_term_ev(temperature_k, pressure_bar)
    return OxygenChemicalPotential(
        scheme=scheme,
        oxide_kind=oxide_kind if by_kind else None,
        temperature_k=temperature_k,
        pressure_bar=pressure_bar,
        o2_energy_ev_per_atom=o2_energy_ev_per_atom,
        o2_energy_source=o2_energy_source,
        correction_ev=correction,
        delta_mu_ev=delta_mu,
        delta_mu_reference_k=reference_k,
        pressure_term_ev=pressure_term,
        mu_ev=o2_energy_ev_per_atom + correction + delta_mu + pressure_term,
    )


def refused_schemes(fingerprint: Fingerprint) -> dict[OxygenScheme, str]:
    """Return the O2 schemes that may not be used with first-principles energies, and why.

    ``wang2006`` and ``mp2020`` apply to the settings that they were fitted to
    (``schemes_not_fitted``), ``potential`` to potentials whose training labels are corrected, and
    ``none`` to everything. The U of every element in the fingerprint counts.

    The fingerprint is of the hosts, computed from first principles.
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
