"""Settings of VASP as named data: fast, balanced, stringent, each choice with its reason.

What a structure decides (moments, k-mesh, dipole) is in ``vasp_incar``; here are the numbers. One
protocol serves every calculation of a study: energies may be subtracted only if they share it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.potcars import D_ELEMENTS, potcar_of
from llo_dft.typing import MagneticOrder
from llo_dft.units import MATERIALS_PROJECT_U_EV

if TYPE_CHECKING:
    from collections.abc import Mapping

Functional = Literal["PBE+U", "r2SCAN", "HSE06"]
Dispersion = Literal["none", "D3(BJ)"]


@dataclass(frozen=True)
class VaspProtocol:
    """Settings of every VASP calculation of a study.

    Attributes
    ----------
    encut_ev
        Plane-wave cutoff of every energy (ENCUT).
    k_spacing
        Largest distance of k-points, 1/angstrom with 2 pi; half of it for a metal.
    ediff_ev
        Change of energy at which a self-consistent cycle ends (EDIFF), eV per cell. Not per atom:
        a formation energy is the difference of two whole cells.
    force_tolerance
        Largest force at the end of a relaxation, eV/angstrom (-EDIFFG).
    cell_force_tolerance
        The same where the cell moves; tighter, since every slab is cut from that cell.
    max_steps
        Ionic steps (NSW).
    sigma_ev
        Width of the Gaussian smearing (ISMEAR = 0, SIGMA). One for all protocols: it is what the
        Materials Project uses, below any gap here, and a slab whose gap closes on delithiation
        keeps an entropy below 1 meV per atom.
    real_space_projection
        Whether big cells project in real space (LREAL = Auto).
    functional
        Functional, with the Materials Project's U for "PBE+U".
    dispersion
        Dispersion correction on top.
    u_values_ev
        U - J by element, eV; those of absent elements are left out.
    magnetic_order
        How moments start: "ferro", or "rows" that alternate.
    fixed_layers
        Innermost metal layers of a slab that are held (selective dynamics); 0 holds none.
    o2_unpaired_electrons
        Fixed number for molecules (NUPDOWN): 2, the triplet that O2 is.
    """

    description: str
    encut_ev: float
    k_spacing: float
    ediff_ev: float
    force_tolerance: float
    cell_force_tolerance: float
    max_steps: int
    sigma_ev: float = 0.05
    real_space_projection: bool = True
    functional: Functional = "PBE+U"
    dispersion: Dispersion = "none"
    u_values_ev: Mapping[str, float] = field(default_factory=lambda: dict(MATERIALS_PROJECT_U_EV))
    magnetic_order: MagneticOrder = "ferro"
    fixed_layers: int = 0
    o2_unpaired_electrons: int = 2

    def values(self) -> dict[str, Any]:
        """Return all settings as plain data, but for the description."""
        found = asdict(self)
        del found["description"]
        return found


#: What they do not name is the same in all.
VASP_PROTOCOLS: Final[Mapping[str, VaspProtocol]] = {
    "fast": VaspProtocol(
        "a first look, on the Materials Project's cutoff",
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
    "balanced": VaspProtocol(
        "for results",
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
    "stringent": VaspProtocol(
        "for comparing small differences, and to show that balanced is converged",
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

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "functional": get_args(Functional),
    "dispersion": get_args(Dispersion),
    "magnetic_order": get_args(MagneticOrder),
}

#: Whole numbers that may be zero.
_MAY_BE_ZERO: Final = ("fixed_layers", "o2_unpaired_electrons")


def vasp_protocol(name: str, overrides: Mapping[str, Any]) -> VaspProtocol:
    """Return a named protocol with some settings replaced.

    ``u_values_ev`` is merged with the Materials Project's values for "PBE+U", and stands alone for
    "r2SCAN", which has none by itself.

    Raises
    ------
    EngineError
        If the protocol or a setting is unknown, a value is of the wrong kind, or two settings
        exclude one another.
    """
    if name not in VASP_PROTOCOLS:
        raise EngineError(
            f"engine.protocol = {name!r} is unknown; expected {', '.join(VASP_PROTOCOLS)}"
        )
    chosen = VASP_PROTOCOLS[name]
    known = {field.name for field in fields(chosen)} - {"description"}
    changes: dict[str, Any] = {}
    for key, value in overrides.items():
        if key not in known:
            raise EngineError(
                f"unknown key {key!r} in [engine.overrides]; expected {', '.join(sorted(known))}"
            )
        changes[key] = (
            _u_values(value) if key == "u_values_ev" else _checked(key, value, getattr(chosen, key))
        )
    functional = changes.get("functional", chosen.functional)
    asked = changes.get("u_values_ev", {})
    if functional == "HSE06" and asked:
        raise EngineError(
            'engine.overrides.u_values_ev does not go with functional = "HSE06", whose exact '
            "exchange does what a U does; take one of the two out"
        )
    defaults = dict(MATERIALS_PROJECT_U_EV) if functional == "PBE+U" else {}
    return replace(chosen, **{**changes, "u_values_ev": {**defaults, **asked}})


def _checked(key: str, value: object, default: object) -> object:
    """Return a value of the kind of its default."""
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            raise EngineError(
                f"engine.overrides.{key} = {value!r}; expected one of {', '.join(_CHOICES[key])}"
            )
        return value
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise EngineError(f"engine.overrides.{key} = {value!r}; expected true or false")
        return value
    least = 0 if key in _MAY_BE_ZERO else None
    if not _is_number(value) or (isinstance(default, int) and not isinstance(value, int)):
        raise EngineError(f"engine.overrides.{key} = {value!r}; expected something like {default}")
    number = float(value)  # type: ignore[arg-type]
    if number < 0 or (least is None and number == 0):
        raise EngineError(f"engine.overrides.{key} = {value!r}; expected something like {default}")
    return value if isinstance(default, int) else number


def _u_values(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        raise EngineError(
            f"engine.overrides.u_values_ev = {value!r}; expected a table of eV by element, for "
            "example { Mn = 3.9 }"
        )
    for element, u in value.items():
        potcar_of(element)
        if element not in D_ELEMENTS:
            raise EngineError(
                f"engine.overrides.u_values_ev.{element}: {element} has no d shell for a U to act "
                f"on; expected one of {', '.join(sorted(D_ELEMENTS))}"
            )
        if not _is_number(u) or not 0 <= u < 20:  # noqa: PLR2004 (eV; none is anywhere near)
            raise EngineError(f"engine.overrides.u_values_ev.{element} = {u!r}; expected eV")
    return {element: float(u) for element, u in value.items()}


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    )
