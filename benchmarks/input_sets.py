"""VASP's settings side by side with the peers' sets, and why each differs.

    python benchmarks/input_sets.py [--protocol balanced] [--markdown]

A bare slab, an interface, O2 and Li metal, with this package's protocol, pymatgen's MPRelaxSet
and MVLSlabSet, and atomate2's makers for slabs and molecules. Peers read no POTCAR, so only tags
and k-mesh are compared. Fails if a difference has no word of explanation, so that none goes
unnoticed when a peer or a protocol changes.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.engines.vasp.inputs import input_generator, poscar_structure
from llo_dft.engines.vasp.protocols import VASP_PROTOCOLS, vasp_protocol
from llo_dft.recipe import load_recipe
from llo_dft.resources import resource_path
from llo_dft.study.planning.make_plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymatgen.core.structure import Structure
    from pymatgen.io.vasp.sets import VaspInputSet

    from llo_dft.typing import CalculationKind

#: Why a tag differs from a peer's. "{system} {tag}" comes before "{tag}".
REASONS: Mapping[str, str] = {
    "ALGO": "Davidson throughout: RMM-DIIS of Fast can end in another magnetic state",
    "AMIN": "linear mixing (BMIX near 0) does what it is for",
    "AMIX": "VASP's advice for slabs and magnets",
    "AMIX_MAG": "VASP's advice for slabs and magnets",
    "BMIX": "VASP's advice for slabs and magnets",
    "BMIX_MAG": "VASP's advice for slabs and magnets",
    "DIPOL": "centre of mass along the normal; in the plane a periodic slab has none",
    "EDIFF": "absolute per cell: two whole cells are subtracted",
    "EDIFFG": "forces, since energies near a vacancy flatten out; without it energies decide",
    "ENCUT": "one for all (balanced: 1.3 of Li_sv); 520 is 1.3 of O, 400 is below Li_sv's 499",
    "GGA": "PBE said outright; atomate2's slabs are RPBE, which has no U fitted to it",
    "IBRION": "conjugate gradients, robust from a removed atom; MVLSlabSet takes quasi-Newton",
    "IDIPOL": "along the normal: vacancies on one face make a dipole",
    "ISMEAR": "Gaussian: tetrahedra give wrong forces where a gap closes, and need 4 k-points",
    "ISIF": "peers' default of a relaxation; slabs keep the relaxed bulk's plane",
    "ISPIN": "no moments in Li metal",
    "ISYM": "charge may settle on one of two equivalent sites",
    "KPOINTS": "spacing of the protocol (balanced: 0.25/A), half for metals, none along vacuum",
    "LASPH": "aspherical density, needed with +U",
    "LCHARG": "only single points keep the density",
    "LDAU": "the Materials Project's U also on slabs; none without d electrons",
    "LDAUJ": "with U",
    "LDAUL": "-1 says that no shell has a U; 0 would be the s shell with U = 0",
    "LDAUPRINT": "with U",
    "LDAUTYPE": "with U",
    "LDAUU": "with U",
    "LDIPOL": "along the normal: vacancies on one face make a dipole",
    "LMAXMIX": "with U",
    "LORBIT": "moments of each atom",
    "LREAL": "in real space from 600 cubic angstrom on, so that host and vacancy share it",
    "LVTOT": "the potential is kept by single points, without exchange-correlation (LVHAR)",
    "LWAVE": "to go on after the wall time; removed at the end",
    "MAGMOM": "formal valences at this lithium content instead of 5 or 0.6 for every metal",
    "NELM": "room for moments that start from a guess",
    "NELMIN": "converged forces; MVLSlabSet takes 8",
    "NSW": "more steps: a stop at NSW is a failure here",
    "NUPDOWN": "the triplet, held",
    "POTIM": "VASP's default step; MVLSlabSet's goes with its optimiser",
    "PREC": "no wrap-around, and one grid for all",
    "SIGMA": "0.05 eV; next to none for a molecule, as wide as a metal bears for Li",
    "Li LREAL": "in reciprocal space: a small cell gains nothing",
    "Li MAGMOM": "no moments in Li metal",
    "Li LDAU": "no d electrons",
    "O2 LDAU": "no d electrons",
    "O2 LREAL": "in reciprocal space: an empty box gains nothing",
    "O2 ISIF": "a box is not to relax",
    "O2 ISYM": "the box's symmetry is not forced on the molecule",
    "Li ISMEAR": "Methfessel-Paxton: forces and stress at zero width",
    "O2 ISMEAR": "Gaussian with next to no width",
    "O2 KPOINTS": "Gamma alone: bands of a molecule are flat",
}

#: Longest list that is printed whole.
_VECTOR = 3

#: What peers compute each system with, and what this package does.
KINDS: Mapping[str, tuple[CalculationKind, str]] = {
    "slab": ("slab_relax", "relax"),
    "interface": ("slab_relax", "relax"),
    "O2": ("molecule_relax", "relax"),
    "Li": ("bulk_relax", "cell"),
}


def systems() -> dict[str, Structure]:
    """Return the structures: the pristine slab and interface of a recipe, O2 and Li."""
    path = resource_path("workflows", "interface.toml")
    recipe = load_recipe(path)
    if recipe.coating is None:
        raise ValueError(f"{path} has no [coating]")
    # one termination and one layer are enough to see the tags, and built in seconds
    thin = recipe.coating.model_copy(update={"terminations": ["step-Li0-PO3"], "layers": 1})
    plan = make_plan(recipe.model_copy(update={"coating": thin}), Path(path).parent)
    return {
        "slab": plan.slab,
        "interface": plan.interfaces[0].structure,
        "O2": o2_in_box(),
        "Li": plan.lithium_metal,
    }


def peers(system: str, structure: Structure) -> Iterator[tuple[str, VaspInputSet]]:
    """Yield the peers' sets for a system, each with its name."""
    from atomate2.vasp.jobs.adsorption import (  # noqa: PLC0415 (seconds to import)
        BulkRelaxMaker,
        MolRelaxMaker,
        SlabRelaxMaker,
    )
    from pymatgen.io.vasp.sets import MPRelaxSet, MVLSlabSet  # noqa: PLC0415

    yield "MPRelaxSet", MPRelaxSet(structure)
    if system in {"slab", "interface"}:
        yield "MVLSlabSet", MVLSlabSet(structure, auto_dipole=True)
    maker = {"O2": MolRelaxMaker, "Li": BulkRelaxMaker}.get(system, SlabRelaxMaker)
    found = maker().input_set_generator
    found.structure = structure
    yield f"atomate2 {maker.__name__}", found


def own_tags(system: str, structure: Structure, protocol: str) -> dict[str, str]:
    """Return this package's tags."""
    kind, stage = KINDS[system]
    chosen = vasp_protocol(protocol, {})
    with_moments = with_initial_moments(structure, chosen.magnetic_order)
    generator = input_generator(with_moments, kind, stage, chosen)
    inputs = generator.get_input_set(poscar_structure(with_moments, kind, chosen), potcar_spec=True)
    return as_text(inputs["INCAR"], inputs["KPOINTS"])


def as_text(incar: Mapping[str, Any], kpoints: Any) -> dict[str, str]:  # noqa: ANN401 (pymatgen's)
    """Return tags and mesh as short text."""
    tags = {name: _short(value) for name, value in incar.items()}
    tags["KPOINTS"] = (
        " x ".join(str(int(n)) for n in kpoints.kpts[0]) + f" {str(kpoints.style)[:5]}"
    )
    return tags


def _short(value: object) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, list | tuple):
        numbers = [f"{float(item):g}" for item in value]
        if len(numbers) > _VECTOR:
            numbers = list(dict.fromkeys(numbers))  # of many atoms or elements each value once
        return ", ".join(numbers[:6])
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def reason_of(system: str, tag: str) -> str | None:
    """Return why a tag differs; None if nobody said."""
    return REASONS.get(f"{system} {tag}") or REASONS.get(tag)


def compare(system: str, structure: Structure, protocol: str, *, markdown: bool) -> list[str]:
    """Print one table; return the tags whose difference has no reason."""
    ours = own_tags(system, structure, protocol)
    theirs = {name: as_text(peer.incar, peer.kpoints) for name, peer in peers(system, structure)}
    header = ["tag", protocol, *theirs, "why"]
    rows: list[list[str]] = []
    unexplained: list[str] = []
    for tag in sorted(set(ours).union(*theirs.values())):
        values = [ours.get(tag, "-"), *(found.get(tag, "-") for found in theirs.values())]
        same = len({value.lower() for value in values}) == 1
        reason = "" if same else reason_of(system, tag)
        if reason is None:
            unexplained.append(f"{system}: {tag} = {' | '.join(values)}")
        rows.append([tag, *values, reason or ("" if same else "???")])
    print(f"\n{'## ' if markdown else ''}{system}: {structure.composition.formula}\n")
    _print_table(header, rows, markdown=markdown)
    return unexplained


def _print_table(header: list[str], rows: list[list[str]], *, markdown: bool) -> None:
    widths = [min(28, max(len(row[i]) for row in [header, *rows])) for i in range(len(header))]
    widths[-1] = 0
    bar = " | " if markdown else "  "
    edge = "|" if markdown else ""
    print(edge + bar.join(cell.ljust(w) for cell, w in zip(header, widths, strict=True)) + edge)
    if markdown:
        print("|" + "|".join("---" for _ in header) + "|")
    for row in rows:
        cut = [cell if not w else cell[:w].ljust(w) for cell, w in zip(row, widths, strict=True)]
        print(edge + bar.join(cut).rstrip() + edge)


def main() -> int:
    """Print all tables; return 1 if a difference has no reason."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default="balanced", choices=list(VASP_PROTOCOLS))
    parser.add_argument("--markdown", action="store_true")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")  # peers warn of what is compared here
    unexplained: list[str] = []
    for system, structure in systems().items():
        unexplained += compare(system, structure, chosen.protocol, markdown=chosen.markdown)
    for line in unexplained:
        print(f"no reason given: {line}", file=sys.stderr)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
