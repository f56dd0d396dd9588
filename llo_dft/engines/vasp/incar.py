"""INCAR of each calculation: what is to be computed, and what the structure decides.

The electronic settings are made in one place for relaxations and single points alike, so that
their energies differ by nothing but the geometry. Tags not set here keep VASP's defaults.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from pymatgen.core.structure import Structure

from llo_dft.engines.base import EngineError
from llo_dft.engines.cell_geometry import (
    elements_of,
    fft_grid,
    is_metal,
    periodic_directions,
    slab_centre,
)
from llo_dft.engines.vasp.potcars import hardest, n_electrons
from llo_dft.engines.vasp.protocols import VaspProtocol
from llo_dft.typing import CalculationKind

#: What a calculation runs in the end. A cell relaxation keeps the plane waves of the cell it began
#: with, so its last energy belongs to no cutoff; a single point of the relaxed cell follows, with
#: the cutoff of all other energies (VASP wiki, "Energy vs volume, volume relaxations and Pulay
#: stress").
_STAGES: Final[dict[CalculationKind, tuple[str, ...]]] = {
    "bulk_relax": ("cell", "energy"),
    "slab_relax": ("relax",),
    "molecule_relax": ("relax",),
    "static": ("static",),
}

#: Ahead of what has vacuum: the cycle without the dipole's field, which then begins from its wave
#: functions (VASP wiki, LDIPOL: "only after pre-converging the orbitals without the LDIPOL tag").
WITHOUT_DIPOLE: Final = "without_dipole"

#: Stages that are one point.
ONE_POINT: Final = frozenset({WITHOUT_DIPOLE, "energy", "static"})

#: Change of energy at which that cycle ends, eV: its energy is not used.
_FIRST_EDIFF_EV: Final = 1e-4

#: Pulay stress: at a fixed number of plane waves a cell shrinks. VASP recommends 1.3 times the
#: highest ENMAX where the cell moves (same page).
CELL_CUTOFF_FACTOR: Final = 1.3

#: Points of the densities of states: 0.02 eV apart over the 60 eV from Li 1s to the empty states.
DOS_POINTS: Final = 3001

#: Parameters of D3(BJ): s8, a1, a2 (bohr). VASP has those of PBE; others must be given.
#: r2SCAN: Ehlert et al., J. Chem. Phys. 154, 061101 (2021). HSE06: Moellmann and Grimme, J. Phys.
#: Chem. C 118, 7615 (2014).
D3_DAMPING: Final = {
    "r2SCAN": (0.78981345, 0.49484001, 5.73083694),
    "HSE06": (2.310, 0.383, 5.685),
}


def stages(structure: Structure, kind: CalculationKind) -> tuple[str, ...]:
    """Return what a calculation runs in turn.

    Raises ``EngineError`` if the vacuum of a slab is not along its third lattice vector.
    """
    has_dipole = "LDIPOL" in _surroundings_tags(structure, kind)
    return ((WITHOUT_DIPOLE,) if has_dipole else ()) + _STAGES[kind]


def incar(
    structure: Structure, kind: CalculationKind, stage: str, protocol: VaspProtocol
) -> dict[str, Any]:
    """Return the tags of one stage of a calculation, but for those that count atoms.

    LDAUU, LDAUL and LDAUJ are by element, and MAGMOM is left to the site property "magmom".

    The structure is as before the calculation, of which ``stage`` is one of the ``stages``.

    Raises ``EngineError`` if the settings do not suit the structure.
    """
    tags = electronic_tags(structure, kind, protocol)
    if stage == "cell":
        # the stress is of exact projectors; the energy is the next stage's
        tags |= {"ENCUT": cell_cutoff(structure, protocol), "LREAL": False}
    if stage == WITHOUT_DIPOLE:
        tags = {name: value for name, value in tags.items() if name not in _DIPOLE}
        tags["EDIFF"] = max(protocol.ediff_ev, _FIRST_EDIFF_EV)
    tags |= _ionic_tags(kind, stage, protocol)
    if stage == "static":
        tags |= _static_tags(structure, protocol)
    tags |= protocol.incar
    return {name: value for name, value in tags.items() if value is not None}


def electronic_tags(
    structure: Structure, kind: CalculationKind, protocol: VaspProtocol
) -> dict[str, Any]:
    """Return the tags that decide an energy: the same for relaxation and single point.

    Raises ``EngineError`` if the settings do not suit the structure.
    """
    elements = elements_of(structure)
    check_cutoff(elements, protocol)
    tags: dict[str, Any] = {
        "ENCUT": protocol.encut_ev,
        # no wrap-around errors, and densities on a grid twice as fine (VASP wiki, PREC)
        "PREC": "Accurate",
        # Davidson throughout. "Fast" starts so and goes on with RMM-DIIS, which can fall into
        # another magnetic state; "All" is what VASP advises for meta-GGAs and hybrids
        "ALGO": "Normal" if protocol.functional == "PBE+U" else "All",
        "EDIFF": protocol.ediff_ev,
        # room for slabs whose moments start from a guess, as the Materials Project's r2SCAN sets
        "NELM": 200,
        # forces of the first cycles of a step lag behind the energy (VASP wiki, NELMIN: 4 to 8)
        "NELMIN": 6,
        # the aspherical density within the spheres counts for d shells, +U and meta-GGAs
        "LASPH": True,
        # projections and moments of each atom
        "LORBIT": 11,
        "ISPIN": 2,
        # one and the same in a study, whatever the size of a cell: the error of fitted projectors
        # is some meV an atom of an element, and cancels only if all have it
        "LREAL": "Auto" if protocol.real_space_projection else False,
        # WAVECAR lets a run that met its wall time be resumed; it is removed at the end
        "LWAVE": True,
        "LCHARG": False,
    }
    if kind != "molecule_relax" and not is_metal(structure):
        # one-centre densities of d states are mixed too (VASP wiki, LMAXMIX, advised for +U). Also
        # of a coating that has none, whose energy and density are subtracted from an interface's
        tags["LMAXMIX"] = 4
    tags |= _smearing_tags(structure, kind, protocol)
    tags |= _functional_tags(elements, protocol)
    tags |= _surroundings_tags(structure, kind)
    if kind == "molecule_relax":
        check_unpaired(structure, protocol)
        # O2 is a triplet; held, since a smeared cycle may end between singlet and triplet
        tags["NUPDOWN"] = protocol.o2_unpaired_electrons
    return tags


def check_cutoff(elements: Sequence[str], protocol: VaspProtocol) -> None:
    """Raise ``EngineError`` if a cutoff is below what a pseudopotential needs, which is named."""
    symbol, enmax = hardest(elements)
    if protocol.encut_ev < enmax:
        raise EngineError(
            f"engine.overrides.encut_ev = {protocol.encut_ev:g} is below ENMAX = {enmax:g} eV of "
            f"the pseudopotential {symbol}; expected at least that (1.3 times it for stresses)"
        )


def check_unpaired(molecule: Structure, protocol: VaspProtocol) -> None:
    """Refuse a number of unpaired electrons that a molecule can't have.

    Raises ``EngineError`` if one of the two numbers is odd and the other even, or there are not as
    many electrons.
    """
    electrons = n_electrons(site.specie.symbol for site in molecule)
    unpaired = protocol.o2_unpaired_electrons
    if (electrons - unpaired) % 2 or unpaired > electrons:
        parity = "an odd" if electrons % 2 else "an even"
        raise EngineError(
            f"engine.overrides.o2_unpaired_electrons = {unpaired}: "
            f"{molecule.composition.reduced_formula} has {electrons} valence electrons; expected "
            f"{parity} number (2 for the triplet that O2 is)"
        )


def cell_cutoff(structure: Structure, protocol: VaspProtocol) -> float:
    """Return the cutoff while the cell moves, eV; never below that of the energies."""
    _, enmax = hardest(elements_of(structure))
    return max(protocol.encut_ev, 10.0 * math.ceil(CELL_CUTOFF_FACTOR * enmax / 10))


def _smearing_tags(
    structure: Structure, kind: CalculationKind, protocol: VaspProtocol
) -> dict[str, Any]:
    if is_metal(structure):
        # first-order Methfessel-Paxton: forces and stress belong to the energy at zero width, as
        # a cell relaxation of a metal wants (VASP wiki, ISMEAR). No moments in Li.
        return {"ISMEAR": 1, "SIGMA": 0.2, "ISPIN": 1}
    if kind == "molecule_relax":
        # just enough to share the electrons of degenerate levels, whatever the protocol
        return {"ISMEAR": 0, "SIGMA": 0.01}
    # Gaussian: right with and without a gap, and for one k-point; tetrahedra are neither
    return {"ISMEAR": 0, "SIGMA": protocol.sigma_ev}


def _functional_tags(elements: Sequence[str], protocol: VaspProtocol) -> dict[str, Any]:
    tags: dict[str, Any] = {"GGA": "PE"}
    if protocol.functional == "r2SCAN":
        tags = {"METAGGA": "R2SCAN", "LMIXTAU": True}  # mixing tau too steadies ALGO = All
    elif protocol.functional == "HSE06":
        # a quarter of exact exchange, screened at 0.2 1/angstrom (Krukau et al., J. Chem. Phys.
        # 125, 224106 (2006)); 0.207 would be another functional
        tags |= {"LHFCALC": True, "HFSCREEN": 0.2, "AEXX": 0.25, "TIME": 0.4}
    acting = protocol.acting_u(elements)
    if acting:
        tags |= {
            "LDAU": True,
            "LDAUTYPE": 2,  # Dudarev: only U - J counts, as in the fits of U
            "LDAUL": {e: 2 if e in acting else -1 for e in elements},
            "LDAUU": {e: acting.get(e, 0.0) for e in elements},
            "LDAUJ": dict.fromkeys(elements, 0.0),
            "LDAUPRINT": 1,
        }
    if protocol.dispersion == "D3(BJ)":
        tags["IVDW"] = 12
        if protocol.functional in D3_DAMPING:
            s8, a1, a2 = D3_DAMPING[protocol.functional]
            tags |= {"VDW_S8": s8, "VDW_A1": a1, "VDW_A2": a2}
    return tags


#: What switches a slab's dipole correction on.
_DIPOLE: Final = ("LDIPOL", "IDIPOL", "DIPOL")


def _surroundings_tags(structure: Structure, kind: CalculationKind) -> dict[str, Any]:
    """Return what a slab or a molecule needs and a bulk does not."""
    if kind == "molecule_relax":
        return {"ISYM": 0}  # the box's symmetry is not to be forced on the molecule
    if all(periodic_directions(structure, kind)):
        return {}
    return {
        # Symmetry would forbid what delithiation does: charge and spin that settle on one of two
        # equivalent sites. The bulk keeps it, since slabs are cut from it.
        "ISYM": 0,
        # Field between the images of an asymmetric slab along the normal, and its energy
        # (Neugebauer and Scheffler, Phys. Rev. B 46, 16067 (1992)). Also on for symmetric ones,
        # where it vanishes, so that a host and its one-sided vacancy share it.
        "LDIPOL": True,
        "IDIPOL": 3,
        "DIPOL": list(slab_centre(structure)),
        # Linear mixing against charge that sloshes through slab and vacuum, and for moments (VASP
        # wiki, AMIX_MAG)
        "AMIX": 0.2,
        "BMIX": 0.0001,
        "AMIX_MAG": 0.8,
        "BMIX_MAG": 0.0001,
    }


def _ionic_tags(kind: CalculationKind, stage: str, protocol: VaspProtocol) -> dict[str, Any]:
    if stage in ONE_POINT:
        return {"IBRION": -1, "NSW": 0}
    tolerance = protocol.cell_force_tolerance if stage == "cell" else protocol.force_tolerance
    return {
        # conjugate gradients: robust from a removed atom, where quasi-Newton is not
        "IBRION": 2,
        "NSW": protocol.max_steps,
        "EDIFFG": -tolerance,
        # 3: cell and atoms. 2: atoms; slabs keep the relaxed bulk's plane
        "ISIF": 3 if kind == "bulk_relax" else 2,
    }


def _static_tags(structure: Structure, protocol: VaspProtocol) -> dict[str, Any]:
    coarse = fft_grid(structure.lattice.matrix, protocol.encut_ev)
    tags: dict[str, Any] = {
        "NEDOS": DOS_POINTS,
        "LCHARG": True,
        # core and valence density apart, for charges by zero-flux surfaces
        "LAECHG": True,
        # electrostatic potential without exchange-correlation, flat in the vacuum
        "LVHAR": True,
        # core levels in the initial-state approximation: a reference without a surface
        "ICORELEVEL": 1,
    }
    # given outright, so that rho(AB) - rho(A) - rho(B) lies on one grid whoever computes them
    tags |= dict(zip(("NGX", "NGY", "NGZ"), coarse, strict=True))
    tags |= dict(zip(("NGXF", "NGYF", "NGZF"), (2 * n for n in coarse), strict=True))
    return tags
