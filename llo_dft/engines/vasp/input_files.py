"""VASP's input files of a calculation without its licensed pseudopotentials, and their size."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from pymatgen.core.structure import Structure

from llo_dft.engines.base import InputSize
from llo_dft.engines.cell_geometry import n_plane_waves
from llo_dft.engines.vasp.incar import incar, stages
from llo_dft.engines.vasp.inputs import input_generator, mesh_of, poscar_structure
from llo_dft.engines.vasp.potcars import n_electrons
from llo_dft.engines.vasp.protocols import VaspProtocol
from llo_dft.typing import CalculationKind


def write_inputs(
    structure: Structure, kind: CalculationKind, protocol: VaspProtocol, folder: Path
) -> list[InputSize]:
    """Write INCAR, KPOINTS, POSCAR and POTCAR.spec of each stage of a calculation.

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
