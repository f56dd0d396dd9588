"""Reactions of two phases in contact, and how a coating between them changes them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from pymatgen.analysis.interface_reactions import (
    GrandPotentialInterfacialReactivity,
    InterfacialReactivity,
)
from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram
from pymatgen.core.composition import Composition

from llo_dft.analysis.stability.phase_diagrams import (
    NOTHING_EV,
    Phases,
    find_phase,
    without_rounding,
)
from llo_dft.analysis.stability.windows import LITHIUM
from llo_dft.documents.stability.phase_stability import (
    BarrierLayer,
    MixingReaction,
    PairReactivity,
    PhaseEnergies,
    PhaseEnergy,
)
from llo_dft.errors import InputError

#: A mixing ratio closer than this to 0 or 1 is a pure phase.
_AN_END: Final = 1e-6


def pair_reactivity(
    energies: PhaseEnergies,
    first: str,
    second: str,
    voltage_v: float | None = None,
    known: Iterable[str] = (),
) -> PairReactivity:
    """Return the products of two phases at each ratio, and the ratio of lowest reaction energy.

    pymatgen's ``InterfacialReactivity`` (Richards et al., Chem. Mater. 28, 266 (2016)): the
    reaction energy of the mixture, per atom, relative to the two unreacted phases.

    Raises ``InputError`` if a phase is not in the diagram, or both are the same.

    ``energies`` are of all phases that compete, ``known`` formulas that a complete diagram would
    have. With ``voltage_v`` Li is exchanged with a reservoir at that voltage against Li/Li+;
    energies are per atom other than Li, and include what each phase does at that voltage alone.
    None: nothing is exchanged with the surroundings.
    """
    a, b = (find_phase(energies, name) for name in (first, second))
    elements = {*a.composition, *b.composition} | ({"Li"} if voltage_v is not None else set())
    phases = Phases(energies, elements)
    one, two = (Composition(p.composition).reduced_composition for p in (a, b))
    if one.almost_equals(two):
        raise InputError(f"{first} and {second} are one phase; a reaction needs two")
    above = [_above_lowest_ev(phases, phase) for phase in (a, b)]
    if voltage_v is not None and any(set(p.composition) == {"Li"} for p in (a, b)):
        raise InputError("with a reservoir of Li, Li metal itself reacts with nothing")
    # the fraction of each phase's atoms that energies are given per: exchanged Li is not counted
    counted = [1.0, 1.0]
    if voltage_v is not None:
        counted = [1.0 - whole.get_atomic_fraction(LITHIUM) for whole in (one, two)]
    reactions = [
        MixingReaction(
            fraction_of_first=float(ratio),
            energy_ev_per_atom=without_rounding(
                float(energy) - _mixed(float(ratio), above, counted)
            ),
            reaction=str(reaction),
            products=[
                product.reduced_formula
                for product in reaction.products
                if reaction.get_coeff(product) > NOTHING_EV
            ],
        )
        for _, ratio, energy, reaction, _ in _reactivity(one, two, phases, voltage_v).get_kinks()
    ]
    own = [
        next(r.energy_ev_per_atom for r in reactions if abs(r.fraction_of_first - end) < _AN_END)
        for end in (1.0, 0.0)
    ]
    own_share = [per_atom * share for per_atom, share in zip(own, counted, strict=True)]
    return PairReactivity(
        first=a.name,
        second=b.name,
        voltage_v=voltage_v,
        worst=min(reactions, key=lambda r: r.energy_ev_per_atom),
        reactions=reactions,
        own_decomposition_ev_per_atom=min(own),
        mutual_ev_per_atom=min(
            without_rounding(
                one.energy_ev_per_atom - _mixed(one.fraction_of_first, own_share, counted)
            )
            for one in reactions
        ),
        missing=phases.missing(known),
    )


def _reactivity(
    one: Composition, two: Composition, phases: Phases, voltage_v: float | None
) -> InterfacialReactivity:
    """Return pymatgen's reactivity of two phases, closed or open to Li at a voltage."""
    if voltage_v is None:
        return InterfacialReactivity(one, two, phases.diagram)
    metal_ev = phases.diagram.el_refs[LITHIUM].energy_per_atom
    open_diagram = GrandPotentialPhaseDiagram(
        list(phases.entries.values()), {LITHIUM: metal_ev - voltage_v}
    )
    return GrandPotentialInterfacialReactivity(
        one,
        two,
        open_diagram,
        pd_non_grand=phases.diagram,
        include_no_mixing_energy=True,
        use_hull_energy=False,
    )


def _above_lowest_ev(phases: Phases, phase: PhaseEnergy) -> float:
    """Return how far a phase lies above the lowest one of its composition, eV per atom.

    pymatgen counts reactions from the lowest one; the difference is subtracted afterwards.
    """
    entry = phases.entries[phase.name]
    whole = entry.composition.reduced_composition
    same = [
        e
        for e in phases.diagram.qhull_entries
        if whole.almost_equals(e.composition.reduced_composition)
    ]
    if not same:
        raise InputError(
            f"{phase.name} ({whole.reduced_formula}) lies above its own elements, so reaction "
            "energies relative to it make no sense"
        )
    return float(entry.energy_per_atom - min(e.energy_per_atom for e in same))


def _mixed(share: float, energies: Sequence[float], counted: Sequence[float]) -> float:
    """Convert two phases' energies, eV per atom of each, to eV per counted atom of the mixture.

    ``share`` is the fraction of the first phase's atoms, ``counted`` that counted of each phase's.
    """
    x, y = share, 1 - share
    return (x * energies[0] + y * energies[1]) / (x * counted[0] + y * counted[1])


def barrier_layer(
    energies: PhaseEnergies,
    first: str,
    second: str,
    coating: str,
    voltage_v: float | None = None,
    known: Collection[str] = (),
) -> BarrierLayer:
    """Return what the contact of two phases adds, and each one's contact with a coating.

    Arguments and errors are those of ``pair_reactivity``.
    """
    bare, one, other = (
        pair_reactivity(energies, a, b, voltage_v, known)
        for a, b in ((first, second), (first, coating), (coating, second))
    )
    return BarrierLayer(
        first=first,
        second=second,
        coating=coating,
        without_ev_per_atom=bare.mutual_ev_per_atom,
        with_first_ev_per_atom=one.mutual_ev_per_atom,
        with_second_ev_per_atom=other.mutual_ev_per_atom,
        missing=sorted({*bare.missing, *one.missing, *other.missing}),
    )
