"""The stability window of a phase against Li, from a diagram that is open to Li."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from pymatgen.core.composition import Composition
from pymatgen.core.periodic_table import Element

from llo_dft.analysis.stability.phase_diagrams import Phases, find_phase, without_rounding
from llo_dft.documents.stability.phase_stability import PhaseEnergies, StabilityWindow, WindowStep
from llo_dft.errors import InputError

#: Li per formula unit that counts as zero, and energy above hull that does, eV per atom.
_NO_LITHIUM: Final = 1e-4
_ON_HULL_EV: Final = 1e-6

LITHIUM: Final = Element("Li")


def stability_window(
    energies: PhaseEnergies, asked: str, known: Iterable[str] = (), highest_v: float = 5.0
) -> StabilityWindow:
    """Return the window of a phase and its products from 0 V to ``highest_v`` against Li/Li+.

    At voltage V the chemical potential of Li is that of the metal minus e V. The phase decomposes
    to the phases of lowest grand potential, phi = E - mu_Li N_Li; where these contain as much Li
    as it does, nothing is reduced or oxidised, and that range is its window (Zhu, He and Mo, ACS
    Appl. Mater. Interfaces 7, 23685 (2015)). For a stable phase it is the range where it lies on
    the hull itself.

    Raises ``InputError`` if the phase is not among them, is Li itself, or an element has no energy.

    ``energies`` are of all phases that compete, ``asked`` is the name or formula of the phase,
    ``known`` are formulas that a complete diagram would have.
    """
    phase = find_phase(energies, asked)
    composition = Composition(phase.composition)
    formula, units = composition.get_reduced_composition_and_factor()
    if set(phase.composition) == {"Li"}:
        raise InputError(f"{asked} is Li itself, the reference of all windows")
    phases = Phases(energies, {*phase.composition, "Li"})
    diagram = phases.diagram
    metal_ev = diagram.el_refs[LITHIUM].energy_per_atom
    profile = diagram.get_element_profile(LITHIUM, formula)
    energy = phase.energy_ev / units
    frame = next(element for element in formula if element != LITHIUM)
    limits = [metal_ev - float(one["chempot"]) for one in profile]
    steps = []
    for one, (start, end) in zip(profile, pairwise([*limits, highest_v]), strict=True):
        low, high = max(0.0, start), min(end, highest_v)
        if high - low < _NO_LITHIUM:
            continue
        whole = one["critical_composition"]
        balanced = whole * (formula[frame] / whole[frame])
        products = {
            entry.composition.reduced_formula: share
            * balanced.num_atoms
            / entry.composition.reduced_composition.num_atoms
            for entry, share in diagram.get_decomposition(balanced).items()
        }
        taken = balanced[LITHIUM] - formula[LITHIUM]
        closed = diagram.get_hull_energy(balanced) - energy
        open_ev = [(closed - taken * (metal_ev - v)) / formula.num_atoms for v in (low, high)]
        steps.append(
            WindowStep(
                from_v=low,
                to_v=high,
                products=products,
                li_exchanged=0.0 if abs(taken) < _NO_LITHIUM else taken,
                energy_from_ev_per_atom=without_rounding(open_ev[0]),
                energy_to_ev_per_atom=without_rounding(open_ev[1]),
            )
        )
    without = [step for step in steps if step.li_exchanged == 0.0]
    bare = [step for step in steps if not any("Li" in Composition(p) for p in step.products)]
    above = diagram.get_e_above_hull(phases.entries[phase.name]) or 0.0
    oxidation = without[-1].to_v if without else None
    return StabilityWindow(
        phase=phase.name,
        formula=formula.reduced_formula,
        reduction_v=without[0].from_v if without else None,
        oxidation_v=oxidation,
        oxidation_beyond_range=oxidation is not None and oxidation >= highest_v,
        fully_delithiated_v=bare[0].from_v if bare and "Li" in phase.composition else None,
        above_hull_ev_per_atom=0.0 if above < _ON_HULL_EV else float(above),
        steps=steps,
        missing=phases.missing(known),
    )
