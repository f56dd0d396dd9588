"""Settings of GPAW as named data: fast, balanced, stringent, each choice with its reason.

What a structure decides (k-mesh, dipole layer, symmetry) is in ``run_input``; here are the numbers.
Measured on slabs of Li2MnO3 with and without Li3PO4, 24 to 63 atoms, unless a source is given.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import PositiveFloat, PositiveInt, model_validator

from llo_dft.engines.base import EngineError
from llo_dft.engines.named_settings import PlaneWaveProtocol, with_overrides, with_usual_u


class GpawProtocol(PlaneWaveProtocol):
    """Settings of every GPAW calculation of a study."""

    cutoff_ev: PositiveFloat
    """Plane-wave cutoff of every energy."""
    cell_cutoff_ev: PositiveFloat
    """The same while a cell relaxes: its stress is that of a fixed cutoff, and errs more."""
    eigenstates_ev2: PositiveFloat
    density_e: PositiveFloat
    energy_ev: PositiveFloat
    """eigenstates_ev2, density_e, energy_ev: where a self-consistent cycle ends: residual of the
    states (eV^2), change of the density (electrons) and of the energy (eV), each per valence
    electron."""
    max_iterations: PositiveInt = 120
    """Of a cycle; a second try has twice as many."""
    sigma_ev: PositiveFloat = 0.05
    """Width of the Fermi-Dirac occupations. One for all protocols; energies are extrapolated to
    zero width."""
    functional: Literal["PBE+U", "PBE"] = "PBE+U"
    """Functional, with the Materials Project's U for "PBE+U"."""
    scaled_projectors: bool = True
    """Whether the d occupations that U acts on are scaled to the whole partial wave (":d,3.9"), as
    GPAW does by default, or counted within the sphere alone (":d,3.9,0"), which makes the same U
    weaker."""

    @model_validator(mode="after")
    def _cells_not_below_energies(self) -> Self:
        if self.cell_cutoff_ev < self.cutoff_ev:
            raise ValueError(
                f"engine.overrides.cell_cutoff_ev = {self.cell_cutoff_ev:g} is below cutoff_ev = "
                f"{self.cutoff_ev:g}; the stress needs the higher cutoff"
            )
        return self


#: What they do not name is the same in all.
GPAW_PROTOCOLS: Final[Mapping[str, GpawProtocol]] = {
    # a first look, a CPU-minute or two for each self-consistent cycle of a slab of 48 atoms
    "fast": GpawProtocol(
        # E_f of a 24-atom slab: 0.12 and 0.13 eV more at 550, 700 eV (benchmarks/convergence.py)
        cutoff_ev=400.0,
        cell_cutoff_ev=600.0,
        # Gamma on slabs 4.9 angstrom wide and more: of the 4.9 x 8.5 one E_f is 3.057 eV, and 3.068
        # with 2 x 1 points, at four times the cost of Gamma, where the states are real
        k_spacing=1.3,
        # in place of GPAW's own 4e-8: a quarter less time, and no energy changes by 1 meV
        eigenstates_ev2=1e-6,
        # GPAW's own
        density_e=1e-4,
        energy_ev=5e-4,
        force_tolerance=0.1,
        cell_force_tolerance=0.05,
        max_steps=100,
    ),
    # for results
    "balanced": GpawProtocol(
        # E_f within 0.01 eV of 700 eV
        cutoff_ev=550.0,
        cell_cutoff_ev=700.0,
        # 4 x 2 points on the 4.9 x 8.5 angstrom face of the slab: worth 0.1 eV of an O 2p centre
        k_spacing=0.4,
        eigenstates_ev2=4e-8,
        density_e=1e-5,
        energy_ev=1e-5,
        force_tolerance=0.02,
        cell_force_tolerance=0.01,
        max_steps=250,
        # from the host's moments the electrons smear over several Mn (3.3-3.5 mu_B); begun on two
        # of them, one reaches 3.8 and E_f falls
        electron_placements=1,
    ),
    # to show that balanced is converged
    "stringent": GpawProtocol(
        cutoff_ev=700.0,
        cell_cutoff_ev=900.0,
        k_spacing=0.25,
        eigenstates_ev2=4e-9,
        density_e=1e-6,
        energy_ev=1e-6,
        force_tolerance=0.01,
        cell_force_tolerance=0.005,
        max_steps=400,
        electron_placements=2,
    ),
}


def gpaw_protocol(name: str, overrides: Mapping[str, Any]) -> GpawProtocol:
    """Return a named protocol with some settings replaced.

    ``u_values_ev`` is merged with the Materials Project's values for "PBE+U"; "PBE" has none.

    Raises ``EngineError`` if the protocol or a setting is unknown, or a value does not fit.
    """
    if overrides.get("functional") == "PBE" and overrides.get("u_values_ev"):
        raise EngineError(
            'engine.overrides.u_values_ev does not go with functional = "PBE"; take "PBE+U"'
        )
    return with_overrides(GPAW_PROTOCOLS, name, with_usual_u(overrides))
