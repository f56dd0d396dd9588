"""From a structure and a protocol to VASP's four input files, and to their fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.cell_geometry import (
    elements_of,
    fixed_atoms,
    is_metal,
    k_mesh,
    k_spacing,
    periodic_directions,
)
from llo_dft.engines.vasp.energy_tags import deciding_tags
from llo_dft.engines.vasp.incar import incar, stages
from llo_dft.engines.vasp.potcars import POTCAR_SET, POTCARS, potcar_of
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
    grid: Sequence[int] | None = None,
    begin: Mapping[str, Any] | None = None,
) -> VaspInputGenerator:
    """Return atomate2's generator of the input files of one stage.

    The structure is what the calculation begins with: it decides mesh and tags, also of a later
    stage and of a continuation, whose cell has changed. ``kind``, ``stage``, ``protocol`` and
    ``grid`` are as for ``incar``; ``begin`` are tags that say what the electrons begin with.

    Raises ``EngineError`` if the settings do not suit the structure.
    """
    from atomate2.vasp.sets.base import VaspInputGenerator  # noqa: PLC0415 (seconds to import)
    from pymatgen.io.vasp.inputs import Kpoints  # noqa: PLC0415

    tags: dict[str, Any] = incar(structure, kind, stage, protocol, grid) | dict(begin or {})
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
