"""VASP's input files of a whole study without its licensed pseudopotentials, and their size."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any, TypedDict

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.engines.vasp.cell_geometry import n_plane_waves
from llo_dft.engines.vasp.incar import STAGES
from llo_dft.engines.vasp.inputs import input_generator, poscar_structure
from llo_dft.engines.vasp.potcars import n_electrons
from llo_dft.study.folder import write_whole
from llo_dft.study.planning.planned_calculations import planned_calculations

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.vasp.protocols import VaspProtocol
    from llo_dft.engines.vasp.vasp_engine import VaspEngine
    from llo_dft.study.planning.planned_calculations import PlannedCalculation

#: Folder of the inputs within that of a study, and the file that says how big they are.
INPUTS = "inputs"
ESTIMATE = "estimate.json"


class InputSize(TypedDict):
    """How big one run of VASP is.

    ``n_plane_waves`` are those of one orbital at one k-point, ``n_k_points`` those that time
    reversal leaves, ``n_bands`` what VASP takes by default.
    """

    calculation: str
    stage: str
    folder: str
    n_ions: int
    n_electrons: int
    n_plane_waves: int
    n_k_points: int
    n_bands: int
    n_spins: int


class StudySize(TypedDict):
    """How big a study is; ``not_yet_known`` are calculations whose structure a relaxation gives."""

    n_calculations: int
    n_runs: int
    n_ions: int
    n_electrons: int
    runs: list[InputSize]
    not_yet_known: list[str]


def write_inputs(plan: StudyPlan, engine: VaspEngine, folder: Path) -> StudySize:
    """Write INCAR, KPOINTS, POSCAR and POTCAR.spec of each run, and ``estimate.json``.

    The structures are the unrelaxed ones of the plan; in a run each starts from what was relaxed
    before it.

    Parameters
    ----------
    plan
        The study.
    engine
        Its settings have been checked (``study.planned.check_engine``).
    folder
        Of the study; the inputs are below ``inputs``.
    """
    target = folder / INPUTS
    runs: list[InputSize] = []
    unknown: list[str] = []
    for one in planned_calculations(plan):
        if one.structure is None:
            unknown.append(one.label)
        else:
            runs += _write_calculation(one, engine.settings, target)
    size = StudySize(
        n_calculations=plan.n_calculations,
        n_runs=len(runs),
        n_ions=sum(run["n_ions"] for run in runs),
        n_electrons=sum(run["n_electrons"] for run in runs),
        runs=runs,
        not_yet_known=unknown,
    )
    write_whole(target / ESTIMATE, json.dumps(size, indent=1) + "\n")
    return size


def _write_calculation(
    one: PlannedCalculation, protocol: VaspProtocol, target: Path
) -> list[InputSize]:
    """Write the inputs of all stages of a calculation."""
    if one.structure is None:
        return []
    structure = with_initial_moments(one.structure, protocol.magnetic_order)
    poscar = poscar_structure(structure, one.kind, protocol)
    stages = STAGES[one.kind]
    sizes: list[InputSize] = []
    for stage in stages:
        folder = target / one.label if len(stages) == 1 else target / one.label / stage
        generator = input_generator(structure, one.kind, stage, protocol)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about choices that are explained in vasp_incar
            inputs = generator.get_input_set(poscar, potcar_spec=True)
        inputs.write_input(folder)
        symbols = [site.specie.symbol for site in structure]
        sizes.append(
            InputSize(
                calculation=one.label,
                stage=stage,
                folder=str(folder.relative_to(target.parent)),
                n_ions=len(structure),
                n_electrons=n_electrons(symbols),
                n_plane_waves=n_plane_waves(structure.volume, inputs["INCAR"]["ENCUT"]),
                n_k_points=_after_time_reversal(inputs["KPOINTS"].kpts[0]),
                n_bands=_default_bands(symbols, inputs["INCAR"]),
                n_spins=inputs["INCAR"]["ISPIN"],
            )
        )
    return sizes


def _after_time_reversal(mesh: tuple[int, int, int]) -> int:
    """Return the k-points of a Gamma-centred mesh of which no two are opposite."""
    total = mesh[0] * mesh[1] * mesh[2]
    own_opposites = 2 ** sum(n % 2 == 0 for n in mesh)
    return int(total + own_opposites) // 2


def _default_bands(symbols: list[str], incar: dict[str, Any]) -> int:
    """Return NBANDS as VASP chooses it, before it is made a multiple of the parallel groups.

    VASP wiki, NBANDS: ``max(NELECT / 2 + NIONS / 2, 0.6 NELECT)``, and half of the initial
    moment more with spins.
    """
    electrons, ions = n_electrons(symbols), len(symbols)
    bands = max((electrons + 2) // 2 + max(ions // 2, 3), int(0.6 * electrons))
    moment = sum(float(m) for m in incar.get("MAGMOM", [])) if incar["ISPIN"] == 2 else 0.0  # noqa: PLR2004
    return bands + max(0, int((moment + 1) // 2))
