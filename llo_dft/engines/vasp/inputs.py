"""From a structure and a protocol to VASP's four input files, their size and their fingerprint."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import InputSize
from llo_dft.engines.cell_geometry import (
    elements_of,
    fixed_atoms,
    is_metal,
    k_mesh,
    k_spacing,
    n_plane_waves,
    periodic_directions,
)
from llo_dft.engines.vasp.energy_tags import deciding_tags
from llo_dft.engines.vasp.incar import incar, stages
from llo_dft.engines.vasp.potcars import POTCAR_SET, POTCARS, n_electrons, potcar_of
from llo_dft.typing import CalculationKind

if TYPE_CHECKING:
    from atomate2.vasp.sets.base import VaspInputGenerator
    from pymatgen.core.structure import Structure

    from llo_dft.engines.vasp.protocols import VaspProtocol

#: A metal has a Fermi surface, which takes a finer mesh than a full band.
METAL_MESH_FACTOR: Final = 0.5

#: Angular momentum of the shells that a U of a protocol acts on.
_D_SHELL: Final = 2


def site_order(structure: Structure) -> list[int]:
    """Return the sites in the order of POSCAR: elements together, by electronegativity.

    It is pymatgen's order, and within an element that of the structure.
    """
    return sorted(
        range(len(structure)),
        key=lambda i: (structure[i].specie.X, structure[i].specie.symbol),
    )


def ordered(structure: Structure) -> Structure:
    """Return a structure with its sites in the order of POSCAR."""
    return type(structure).from_sites([structure[i] for i in site_order(structure)])


def mesh_of(
    structure: Structure, kind: CalculationKind, protocol: VaspProtocol
) -> tuple[int, int, int]:
    """Return the divisions of the Gamma-centred k-mesh.

    Explicit rather than KSPACING, which knows neither vacuum nor which cells are to share their
    density of k-points.

    Raises ``EngineError`` if the vacuum of a slab is not along its third lattice vector.
    """
    factor = METAL_MESH_FACTOR if is_metal(structure) else 1.0
    periodic = periodic_directions(structure, kind)
    return k_mesh(structure, factor * protocol.k_spacing, periodic)


def input_generator(
    structure: Structure,
    kind: CalculationKind,
    stage: str,
    protocol: VaspProtocol,
    begin: Mapping[str, Any] | None = None,
) -> VaspInputGenerator:
    """Return atomate2's generator of the input files of one stage.

    The structure is what the calculation begins with: it decides mesh and tags, also of a later
    stage and of a continuation, whose cell has changed. ``kind``, ``stage`` and ``protocol`` are as
    for ``incar``; ``begin`` are tags that say what the electrons begin with.

    Raises ``EngineError`` if the settings do not suit the structure.
    """
    from atomate2.vasp.sets.base import VaspInputGenerator  # noqa: PLC0415 (seconds to import)
    from pymatgen.io.vasp.inputs import Kpoints  # noqa: PLC0415

    tags: dict[str, Any] = incar(structure, kind, stage, protocol) | dict(begin or {})
    if tags["ISPIN"] == 2:  # noqa: PLR2004 (spins)
        tags["MAGMOM"] = {}  # by the site property
    return VaspInputGenerator(
        config_dict={
            "INCAR": tags,
            "KPOINTS": {},
            "POTCAR": {element: potcar.symbol for element, potcar in POTCARS.items()},
            "POTCAR_FUNCTIONAL": POTCAR_SET,
        },
        user_kpoints_settings=Kpoints.gamma_automatic(mesh_of(structure, kind, protocol)),
        sort_structure=False,  # the order is ours, and is undone in the result
        inherit_incar=False,
        auto_ismear=False,
    )


def poscar_structure(
    structure: Structure, kind: CalculationKind, protocol: VaspProtocol
) -> Structure:
    """Return what is written to POSCAR: ordered, with the held atoms marked.

    Raises ``EngineError`` if the layers to hold can't be.
    """
    copy = structure.copy(
        site_properties={
            name: values for name, values in structure.site_properties.items() if name == "magmom"
        }
    )
    if protocol.fixed_layers and kind == "slab_relax":
        held = fixed_atoms(structure, protocol.fixed_layers)
        copy.add_site_property("selective_dynamics", [[not fixed] * 3 for fixed in held])
    return ordered(copy)


def fingerprint_of(
    structure: Structure, kind: CalculationKind, protocol: VaspProtocol
) -> Fingerprint:
    """Return what VASP's own output will say of a calculation, as far as its inputs decide it.

    Raises ``EngineError`` if an element has no pseudopotential here, or the cell's vacuum is
    misplaced.
    """
    elements = elements_of(structure)
    acting = protocol.acting_u(elements)
    tags = incar(structure, kind, stages(structure, kind)[-1], protocol)
    deciding = deciding_tags(tags)
    functional = protocol.functional.removesuffix("+U") + ("+U" if acting else "")
    return Fingerprint(
        engine="vasp",
        engine_version="",
        functional=functional,
        u_values_ev=acting,
        u_shells=dict.fromkeys(acting, _D_SHELL),
        pseudopotentials={element: potcar_of(element).title for element in elements},
        cutoff_ev=protocol.encut_ev,
        k_spacing_per_angstrom=k_spacing(structure, mesh_of(structure, kind, protocol)),
        dispersion="" if protocol.dispersion == "none" else protocol.dispersion,
        spin_polarized=tags["ISPIN"] == 2,  # noqa: PLR2004 (spins)
        settings=deciding["refused"],
        own_settings=deciding["own"],
        other_settings=deciding["named"],
    )


def write_inputs(
    structure: Structure, kind: CalculationKind, protocol: VaspProtocol, folder: Path
) -> list[InputSize]:
    """Write INCAR, KPOINTS, POSCAR and POTCAR.spec of each stage of a calculation.

    The licensed pseudopotentials are not needed.

    ``structure`` is what it begins with, with moments as site property "magmom". Several stages get
    a folder each within ``folder``.

    Raises ``EngineError`` if the settings do not suit the structure.
    """
    poscar = poscar_structure(structure, kind, protocol)
    sizes: list[InputSize] = []
    for stage in stages(structure, kind):
        target = folder if len(stages(structure, kind)) == 1 else folder / stage
        generator = input_generator(structure, kind, stage, protocol)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about choices that are explained in incar
            inputs = generator.get_input_set(poscar, potcar_spec=True)
        inputs.write_input(target)
        size = size_of(structure, kind, stage, protocol)
        size["folder"] = str(target.relative_to(folder))
        sizes.append(size)
    return sizes


def size_of(
    structure: Structure, kind: CalculationKind, stage: str, protocol: VaspProtocol
) -> InputSize:
    """Return how big one stage of a calculation is; it is in no folder yet.

    Raises ``EngineError`` if the settings do not suit the structure.
    """
    symbols = [site.specie.symbol for site in structure]
    tags = incar(structure, kind, stage, protocol)
    moments = structure.site_properties.get("magmom", [])
    return InputSize(
        stage=stage,
        folder="",
        n_ions=len(structure),
        n_electrons=n_electrons(symbols),
        n_plane_waves=n_plane_waves(structure.volume, tags["ENCUT"]),
        n_k_points=_after_time_reversal(mesh_of(structure, kind, protocol)),
        n_bands=_default_bands(symbols, moments if tags["ISPIN"] == 2 else []),  # noqa: PLR2004 (spins)
        n_spins=tags["ISPIN"],
    )


def _after_time_reversal(mesh: tuple[int, int, int]) -> int:
    """Return the k-points of a Gamma-centred mesh of which no two are opposite."""
    total = mesh[0] * mesh[1] * mesh[2]
    own_opposites = 2 ** sum(n % 2 == 0 for n in mesh)
    return int(total + own_opposites) // 2


def _default_bands(symbols: list[str], moments: Iterable[float]) -> int:
    """Return NBANDS as VASP chooses it, before it is made a multiple of the parallel groups.

    VASP wiki, NBANDS: ``max(NELECT / 2 + NIONS / 2, 0.6 NELECT)``, and half of the initial
    moment more with spins.
    """
    electrons, ions = n_electrons(symbols), len(symbols)
    bands = max((electrons + 2) // 2 + max(ions // 2, 3), int(0.6 * electrons))
    return bands + max(0, int((sum(moments) + 1) // 2))
