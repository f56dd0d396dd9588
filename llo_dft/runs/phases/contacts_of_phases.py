"""Reactions in contact of phases of one source, including a study's crystals."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from llo_dft.analysis.stability.mixing_reactions import barrier_layer, pair_reactivity
from llo_dft.analysis.stability.phase_diagrams import find_phase
from llo_dft.documents.stability.phase_stability import StabilityResult, StudyCrystal
from llo_dft.errors import InputError
from llo_dft.runs.phases.phase_source import PhaseSource, known_formulas


def contact_reactions(
    source: PhaseSource,
    phases: Sequence[str],
    coating: str | None = None,
    voltage_v: float | None = None,
    crystals: Mapping[str, StudyCrystal] | None = None,
) -> StabilityResult:
    """Return the reactions of every pair of phases, and of a study's cathode with each.

    Raises ``InputError`` if there is no pair, or as ``pair_reactivity``.

    ``phases`` are formulas, names of structures, or CIF files; ``coating`` is a phase to put
    between each pair without it, None: the study's own, if any. ``voltage_v`` is as for
    ``pair_reactivity``; ``crystals`` are the source's phases that come from a study.
    """
    own = crystals or {}
    cathodes = [name for name, one in own.items() if one.lithium_fraction is not None]
    names = [source.name_of(one) for one in phases]
    layer = next((name for name in own if name not in cathodes), None)
    if coating is not None:
        layer = source.name_of(coating)
    others = names if layer is None or layer in names else [*names, layer]
    pairs = [*combinations(names, 2), *((a, b) for a in cathodes for b in others)]
    if not pairs:
        raise InputError("a reaction needs two phases, or one and --study")
    if twice := [a for a, b in pairs if a == b]:
        raise InputError(f"{twice[0]} is named twice; a reaction needs two phases")
    asked = {*others, *cathodes}
    energies = source.energies({e for one in asked for e in source.elements_of(one)} | {"Li"})
    formulas = {one: find_phase(energies, one).reduced_formula for one in asked}
    known = known_formulas()
    return StabilityResult(
        source=energies.source,
        corrections=energies.corrections,
        pairs=[pair_reactivity(energies, a, b, voltage_v, known) for a, b in pairs],
        barriers=[
            barrier_layer(energies, a, b, layer, voltage_v, known)
            for a, b in pairs
            if layer is not None and formulas[layer] not in {formulas[a], formulas[b]}
        ],
        notes=energies.notes,
        crystals=dict(own),
    )
