"""From a structure and a protocol to what the driver is given, and to its fingerprint. Pure."""

from typing import Any, Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import EngineError
from llo_dft.engines.cell_geometry import (
    elements_of,
    is_metal,
    k_mesh,
    n_plane_waves,
    periodic_directions,
    reciprocal_lengths,
)
from llo_dft.engines.gpaw.gpaw_files import fingerprint_from
from llo_dft.engines.gpaw.gpaw_program import InstalledGpaw
from llo_dft.engines.gpaw.gpaw_protocols import GpawProtocol
from llo_dft.typing import CalculationKind

#: A metal has a Fermi surface, which takes a finer mesh than a full band: half the distance of its
#: k-points, and never more than this, 1/angstrom with 2 pi.
_METAL_MESH_FACTOR: Final = 0.5
_METAL_K_SPACING: Final = 0.4

#: Width of the occupations of a molecule, eV: just enough to share degenerate levels.
_MOLECULE_SIGMA_EV: Final = 0.01

#: Mixing: slabs with vacancies or holes took 25 and 28 iterations with it, where GPAW's default
#: (MSR1) took 32 and 38, one without either 18 and 17. GPAW's own beta, 0.08: 28, 31 and 22.
MIXER: Final = {"name": "pulay", "beta": 0.15}

#: A second try's: little of the new density, with the long waves damped, converged what MSR1 did
#: not on slabs.
SECOND_MIXER: Final = {"name": "pulay", "beta": 0.05, "nmaxold": 5, "weight": 50.0}

#: Least distance of an atom from the cell's end in the vacuum, angstrom: the dipole layer is there.
FREE_OF_ATOMS_ANGSTROM: Final = 2.0

#: Memory of a rank before it computes anything, and of a calculation in sets of wave functions
#: beside those of each k-point: makes 0.67 and 0.80 GB of slabs that took 0.73 and 0.84.
_BYTES_PER_RANK: Final = 300e6
_WORK_SETS: Final = 5


def run_input(
    structure: Structure,
    kind: CalculationKind,
    protocol: GpawProtocol,
    installed: InstalledGpaw,
    *,
    electrons: bool = True,
) -> dict[str, Any]:
    """Return what input.json holds.

    ``electrons`` tells whether a static calculation writes its own. ``electrons_from`` names a file
    with converged electrons of just this point; otherwise ``stages`` run in turn, each with GPAW's
    own parameters and, for a relaxation, where it ends. A cell is relaxed with a cutoff of its own,
    and a point with that of all other energies follows.

    Raises ``EngineError`` if the settings do not suit the structure.
    """
    check_place(structure, kind)
    parameters = _parameters(structure, kind, protocol)
    relax = {
        "force_tolerance": protocol.force_tolerance,
        "max_steps": protocol.max_steps,
        "cell": False,
    }

    def stage(
        name: str, until: dict[str, Any] | None, *, write: bool = False, **changed: object
    ) -> dict[str, Any]:
        with_these = {"parameters": parameters | changed, "relax": until}
        return {"name": name, **with_these, "electrons": write}

    stages = [stage("relax", relax)]
    if kind == "static":
        stages = [stage("static", None, write=electrons)]
    elif kind == "bulk_relax":
        mode = {"name": "pw", "ecut": protocol.cell_cutoff_ev}
        tolerance = {"force_tolerance": protocol.cell_force_tolerance, "cell": True}
        stages = [stage("cell", relax | tolerance, mode=mode), stage("energy", None)]
    return {
        "atoms": {
            "symbols": [site.specie.symbol for site in structure],
            "cell": structure.lattice.matrix.tolist(),
            "scaled_positions": structure.frac_coords.tolist(),
            # a molecule's box repeats: its plane waves do
            "pbc": [True, True, not _is_slab(structure, kind)],
            "moments": [float(m) for m in structure.site_properties.get("magmom", [])]
            or [0.0] * len(structure),
        },
        "stages": stages,
        "second_mixer": SECOND_MIXER,
        "electrons_from": None,
        "memory_bytes": memory_bytes(structure, kind, protocol, installed),
    }


def fingerprint_of(
    structure: Structure, kind: CalculationKind, protocol: GpawProtocol, installed: InstalledGpaw
) -> Fingerprint:
    """Return all that decides the energy of a calculation, with the PAW data found here.

    Raises ``EngineError`` if an element has no PAW data here, or the vacuum of a slab is misplaced.
    """
    found = fingerprint_from(_parameters(structure, kind, protocol), structure, installed)
    exact: dict[str, Any] = {
        "u_values_ev": protocol.acting_u(elements_of(structure)),  # all digits of them
        # also of what has no U, such as O2: it is one setting of all that are compared
        "settings": {"U_SCALED_PROJECTORS": protocol.scaled_projectors},
    }
    return found.model_copy(update=exact)


def memory_bytes(
    structure: Structure, kind: CalculationKind, protocol: GpawProtocol, installed: InstalledGpaw
) -> float:
    """Return about how much memory a calculation takes, all ranks together but one's start."""
    mesh = _mesh(structure, kind, protocol)
    n_points = (int(np.prod(mesh)) + 1) // 2  # time reversal leaves half of them
    electrons = sum(installed.data_of(site.specie.symbol).valence for site in structure)
    n_bands = 0.6 * electrons + 4
    spins = 1 if is_metal(structure) else 2
    cutoff = protocol.cell_cutoff_ev if kind == "bulk_relax" else protocol.cutoff_ev
    # at Gamma the states are real, which saves half
    one = 16 * n_plane_waves(structure.volume, cutoff) * n_bands * spins
    one /= 2 if n_points == 1 else 1
    return _BYTES_PER_RANK + one * (n_points + _WORK_SETS)


def _parameters(
    structure: Structure, kind: CalculationKind, protocol: GpawProtocol
) -> dict[str, Any]:
    """Return GPAW's keyword arguments, as far as a cutoff does not depend on the stage."""
    slab, molecule = _is_slab(structure, kind), kind == "molecule_relax"
    scale = "" if protocol.scaled_projectors else ",0"
    parameters: dict[str, Any] = {
        "mode": {"name": "pw", "ecut": protocol.cutoff_ev},
        "xc": "PBE",
        "kpts": {"size": list(_mesh(structure, kind, protocol)), "gamma": True},
        "occupations": {
            "name": "fermi-dirac",
            "width": _MOLECULE_SIGMA_EV if molecule else protocol.sigma_ev,
            # O2 is a triplet; held, since a smeared cycle may end between singlet and triplet
            "fixmagmom": molecule,
        },
        "convergence": {
            "eigenstates": protocol.eigenstates_ev2,
            "density": protocol.density_e,
            "energy": protocol.energy_ev,
        },
        # fewest iterations and least time of GPAW's four on slabs
        "eigensolver": "davidson",
        "spinpol": not is_metal(structure),
        "mixer": MIXER,
        "maxiter": protocol.max_iterations,
    }
    if slab or molecule:
        # Symmetry would forbid what delithiation does: charge and spin that settle on one of two
        # equivalent sites. The bulk keeps it, since slabs are cut from it.
        parameters["symmetry"] = {"point_group": False}
    if slab:
        # the field between images of an asymmetric slab; also of symmetric ones, where it vanishes,
        # so that a host and its one-sided vacancy share it
        parameters["poissonsolver"] = {"dipolelayer": "xy"}
    acting = protocol.acting_u(elements_of(structure))
    if acting:
        parameters["setups"] = {one: f":d,{u:g}{scale}" for one, u in acting.items()}
    return parameters


def _mesh(
    structure: Structure, kind: CalculationKind, protocol: GpawProtocol
) -> tuple[int, int, int]:
    spacing = protocol.k_spacing
    if is_metal(structure):
        spacing = min(_METAL_MESH_FACTOR * spacing, _METAL_K_SPACING)
    return k_mesh(structure, spacing, periodic_directions(structure, kind))


def _is_slab(structure: Structure, kind: CalculationKind) -> bool:
    return periodic_directions(structure, kind) == (True, True, False)


def check_place(structure: Structure, kind: CalculationKind) -> None:
    """Refuse a slab with atoms at the end of its cell, where the dipole layer has to lie.

    Raises ``EngineError`` also if the vacuum is along another than the third lattice vector.
    """
    if not _is_slab(structure, kind):
        return
    height = 2 * np.pi / reciprocal_lengths(structure.lattice.matrix)[2]
    heights = structure.frac_coords[:, 2] * height
    left = float(min(heights.min(), height - heights.max()))
    if left < FREE_OF_ATOMS_ANGSTROM:
        raise EngineError(
            f"an atom of {structure.composition.reduced_formula} is {left:.2f} A from the end of "
            f"its cell in the vacuum; engine gpaw needs {FREE_OF_ATOMS_ANGSTROM:g} A free there "
            "for the dipole layer: shift the slab to the middle of its cell"
        )
