"""Settings of VASP as named data: fast, balanced, stringent, each choice with its reason.

What a structure decides (moments, k-mesh, dipole) is in ``incar``; here are the numbers. One
protocol serves every calculation of a study: energies may be subtracted only if they share it.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from llo_dft.engines.base import EngineError
from llo_dft.engines.named_settings import PlaneWaveProtocol, with_overrides, with_usual_u
from llo_dft.typing import MagneticOrder


class VaspProtocol(PlaneWaveProtocol):
    """Settings of every VASP calculation of a study."""

    encut_ev: PositiveFloat
    """Plane-wave cutoff of every energy (ENCUT)."""
    ediff_ev: PositiveFloat
    """Change of energy at which a self-consistent cycle ends (EDIFF), eV per cell. Not per atom: a
    formation energy is the difference of two whole cells."""
    sigma_ev: PositiveFloat = 0.05
    """Width of the Gaussian smearing (ISMEAR = 0, SIGMA). One for all protocols: it is what the
    Materials Project uses, below any gap here, and a slab whose gap closes on delithiation keeps
    an entropy below 1 meV per atom."""
    real_space_projection: bool = True
    """Whether the energies of a study are of projectors in real space (LREAL = Auto), fast where
    cells are big; then all of them are. VASP advises it above some 20 atoms."""
    functional: Literal["PBE+U", "r2SCAN", "HSE06"] = "PBE+U"
    """Functional, with the Materials Project's U for "PBE+U"."""
    dispersion: Literal["none", "D3(BJ)"] = "none"
    """Dispersion correction on top."""
    magnetic_order: MagneticOrder = "lower"
    electron_placements: NonNegativeInt = 2
    fixed_layers: NonNegativeInt = 0
    """Innermost metal layers of a slab that are held (selective dynamics); 0 holds none."""
    incar: dict[str, Any] = Field(default_factory=dict)
    """Tags of the user's own, of every run; see ``user_tags``."""

    @model_validator(mode="after")
    def _no_u_beside_exact_exchange(self) -> Self:
        if self.functional == "HSE06" and self.u_values_ev:
            raise ValueError(
                'engine.overrides.u_values_ev does not go with functional = "HSE06", whose exact '
                "exchange does what a U does; take one of the two out"
            )
        return self


#: What they do not name is the same in all.
VASP_PROTOCOLS: Final[Mapping[str, VaspProtocol]] = {
    # a first look, on the Materials Project's cutoff
    "fast": VaspProtocol(
        # the Materials Project's: 1.3 ENMAX of O, 1.04 of Li_sv; enough for differences, not for
        # stresses, which get their own cutoff (see CELL_CUTOFF_FACTOR)
        encut_ev=520.0,
        # 4 x 2 points on the 4.9 x 8.5 angstrom face of the slab
        k_spacing=0.40,
        # 1e-4 eV a cell is a hundredth of the differences that a first look can rank
        ediff_ev=1e-4,
        # atomate2's defect sets
        force_tolerance=0.05,
        cell_force_tolerance=0.02,
        max_steps=150,
    ),
    # for results
    "balanced": VaspProtocol(
        # 1.3 ENMAX of Li_sv (648.7): the energies have the cutoff of the stresses
        encut_ev=650.0,
        # the Materials Project's 64 points per 1/angstrom^3; 6 x 3 points on that face
        k_spacing=0.25,
        ediff_ev=1e-5,
        # the Materials Project's r2SCAN and MP24 sets
        force_tolerance=0.02,
        cell_force_tolerance=0.01,
        max_steps=250,
    ),
    # for comparing small differences, and to show that balanced is converged
    "stringent": VaspProtocol(
        # the Materials Project's r2SCAN calculations use 680 with the same pseudopotentials
        encut_ev=700.0,
        # below the least spacing of the Materials Project's r2SCAN sets, 0.22; 7 x 4 points
        k_spacing=0.20,
        ediff_ev=1e-6,
        force_tolerance=0.01,
        cell_force_tolerance=0.005,
        max_steps=400,
        # projectors in real space are only fitted ones (VASP wiki, LREAL and ROPT)
        real_space_projection=False,
    ),
}


def vasp_protocol(
    name: str, overrides: Mapping[str, Any], incar: Mapping[str, Any] | None = None
) -> VaspProtocol:
    """Return a named protocol with some settings replaced, and INCAR tags of the user's own.

    ``u_values_ev`` is merged with the Materials Project's values for "PBE+U", and stands alone for
    "r2SCAN", which has none by itself.

    Raises ``EngineError`` if the protocol or a setting is unknown, a value is of the wrong kind, or
    two settings exclude one another.
    """
    if "incar" in overrides:
        raise EngineError("engine.overrides.incar: INCAR tags go into the table [engine.incar]")
    made = with_overrides(VASP_PROTOCOLS, name, with_usual_u(overrides))
    return made.model_copy(update={"incar": dict(incar or {})})
