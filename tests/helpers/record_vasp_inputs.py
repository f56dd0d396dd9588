"""Records VASP's inputs of one calculation of each sort, which tests hold those of today against.

``python tests/helpers/record_vasp_inputs.py`` writes them anew below tests/data/vasp_inputs, after
a change of the settings that is wanted; git shows what changed. ``--check`` only prints it. The
structures they start from are recorded too, once: that the builders change is no change of
settings. ``--structures`` builds those anew as well.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymatgen.core import Structure
from pymatgen.io.vasp.inputs import Poscar

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.engines.vasp.inputs import input_generator, poscar_structure
from llo_dft.engines.vasp.protocols import vasp_protocol
from llo_dft.testing.recorded import input_differences

if TYPE_CHECKING:
    from llo_dft.typing import CalculationKind

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data" / "vasp_inputs"
COMMAND = "python tests/helpers/record_vasp_inputs.py"


@dataclass(frozen=True)
class Case:
    """One run of VASP: a recorded structure, what is done with it, and the protocol."""

    structure: str
    kind: CalculationKind
    stage: str
    protocol: str = "balanced"
    overrides: dict[str, Any] = field(default_factory=dict)


CASES = {
    "bulk_cell": Case("bulk", "bulk_relax", "cell"),
    "bulk_energy": Case("bulk", "bulk_relax", "energy"),
    "slab_without_dipole": Case("slab", "slab_relax", "without_dipole"),
    "slab_relax": Case("slab", "slab_relax", "relax"),
    "slab_relax_fast": Case("slab", "slab_relax", "relax", "fast"),
    "slab_relax_stringent": Case("slab", "slab_relax", "relax", "stringent"),
    "slab_static": Case("slab", "static", "static"),
    "slab_relax_rows_fixed_layer": Case(
        "thick_slab",
        "slab_relax",
        "relax",
        overrides={"magnetic_order": "rows", "fixed_layers": 1},
    ),
    "slab_relax_r2scan": Case("slab", "slab_relax", "relax", overrides={"functional": "r2SCAN"}),
    "slab_static_hse06_d3": Case(
        "slab", "static", "static", overrides={"functional": "HSE06", "dispersion": "D3(BJ)"}
    ),
    "interface_relax": Case("interface", "slab_relax", "relax"),
    "interface_static": Case("interface", "static", "static"),
    "o2": Case("o2", "molecule_relax", "relax"),
    "lithium_cell": Case("lithium", "bulk_relax", "cell"),
    "lithium_energy": Case("lithium", "bulk_relax", "energy"),
}


def start_structure(name: str) -> Structure:
    """Return a recorded structure."""
    return Structure.from_file(DATA / "structures" / f"{name}.vasp")


def write_case(case: Case, folder: Path) -> None:
    """Write the inputs of a case as the engine makes them today."""
    protocol = vasp_protocol(case.protocol, case.overrides)
    structure = with_initial_moments(start_structure(case.structure), protocol.magnetic_order)
    generator = input_generator(structure, case.kind, case.stage, protocol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen's, about settings that have their reasons
        poscar = poscar_structure(structure, case.kind, protocol)
        generator.get_input_set(poscar, potcar_spec=True).write_input(folder)


def build_structures() -> dict[str, Structure]:
    """Return the structures as the builders make them today."""
    from studies import coated_recipe, tiny_recipe

    from llo_dft.builders.reference_cells import o2_in_box
    from llo_dft.study.planning.make_plan import make_plan

    plan = make_plan(tiny_recipe(), Path())
    coated = make_plan(coated_recipe(), Path())
    thick = tiny_recipe(slab={"tm_layers": 3})
    return {
        "bulk": plan.bulk,
        "slab": plan.slab,
        "thick_slab": make_plan(thick, Path()).slab,
        "interface": coated.interfaces[0].structure,
        "o2": o2_in_box(),
        "lithium": plan.lithium_metal,
    }


def main() -> int:
    """Record, or check; return 1 if --check found a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="print differences, write nothing")
    parser.add_argument("--structures", action="store_true", help="build the structures anew")
    arguments = parser.parse_args()
    if arguments.structures:
        (DATA / "structures").mkdir(parents=True, exist_ok=True)
        for name, structure in build_structures().items():
            Poscar(structure).write_file(DATA / "structures" / f"{name}.vasp")
    status = 0
    for name, case in CASES.items():
        if arguments.check:
            with tempfile.TemporaryDirectory() as folder:
                write_case(case, Path(folder))
                found = input_differences(Path(folder), DATA / name)
            for text in found:
                sys.stdout.write(f"{name}: {text}\n")
            status |= bool(found)
        else:
            shutil.rmtree(DATA / name, ignore_errors=True)
            write_case(case, DATA / name)
    return status


if __name__ == "__main__":
    sys.exit(main())
