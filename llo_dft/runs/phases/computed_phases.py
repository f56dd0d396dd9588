"""Energies of phases by an engine, from the structures that ship with the package."""

import warnings
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from llo_dft.analysis.stability.known_phases import competing_phases
from llo_dft.builders.reference_cells import lithium_metal, o2_in_box
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy
from llo_dft.engines.base import Engine
from llo_dft.jobs.calculate import calculate
from llo_dft.resources import load_structure
from llo_dft.typing import CalculationKind


def computed_phases(
    engine: Engine,
    folder: Path,
    elements: Collection[str],
    own: Mapping[str, Structure] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> PhaseEnergies:
    """Relax every phase of some elements and return the uncorrected energies.

    Engine, model and protocol are the same for all; a phase in ``folder`` is not computed again.
    ``own`` are the user's phases by name, in addition to those of the package. ``progress`` is
    called with the name of each phase before it is computed. Phases that could not be computed are
    named in the notes and left out.
    """
    wanted = set(elements)
    cells: dict[str, tuple[Structure, CalculationKind]] = {"Li": (lithium_metal(), "bulk_relax")}
    if "O" in wanted:
        cells["O2"] = (o2_in_box(), "molecule_relax")
    for name, about in competing_phases().items():
        if {element.symbol for element in Composition(about["formula"])} <= wanted:
            molecule = about.get("kind") == "molecule"
            with warnings.catch_warnings():  # thirds are made exact
                warnings.filterwarnings("ignore", "Issues encountered while parsing CIF")
                structure = load_structure(about["file"])
            cells[name] = (
                (structure, "molecule_relax")
                if molecule
                else (structure.get_primitive_structure(), "bulk_relax")
            )
    cells |= {name: (structure, "bulk_relax") for name, structure in (own or {}).items()}
    found, notes = [], []
    for name, (structure, kind) in cells.items():
        progress(name)
        document: CalculationDocument = calculate.original(
            structure, engine.maker(kind), f"phase {name}", str(folder.absolute())
        )
        if document.energy_ev is None or document.structure is None:
            notes.append(f"{name} is left out: {document.status}, {document.reason}")
            continue
        found.append(
            PhaseEnergy(
                name=name,
                composition=document.structure.composition.get_el_amt_dict(),
                energy_ev=document.energy_ev,
            )
        )
    label = engine.oxygen.label_energy_ev_per_atom
    if label is not None and "O" in wanted:
        found = [
            one.model_copy(update={"energy_ev": 2 * label}) if one.name == "O2" else one
            for one in found
        ]
        notes.append(f"O2 is {engine.oxygen.source}: {label:.3f} eV per atom")
    fingerprint = engine.maker("bulk_relax").fingerprint(lithium_metal())
    model = f" {fingerprint.model}" if fingerprint.model else ""
    source = f"{engine.name}{model}, protocol {engine.protocol}"
    return PhaseEnergies(source=source, corrections="raw", phases=found, notes=notes)
