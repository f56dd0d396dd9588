"""What two phases in contact react to, and what a coating between them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymatgen.analysis.interface_reactions import (
    GrandPotentialInterfacialReactivity,
    InterfacialReactivity,
)
from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram
from pymatgen.core.composition import Composition

from llo_dft.analysis.stability.phase_diagrams import Phases, StabilityError, find_phase
from llo_dft.analysis.stability.windows import LITHIUM
from llo_dft.documents.stability.phase_stability import (
    BarrierLayer,
    MixingReaction,
    PairReactivity,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llo_dft.documents.stability.phase_stability import PhaseEnergies

_NOTHING_EV: Final = 1e-9

#: Distance from 0 and 1 of a share that is one of them.
_AN_END: Final = 1e-6


def pair_reactivity(
    energies: PhaseEnergies,
    first: str,
    second: str,
    voltage_v: float | None = None,
    known: Iterable[str] = (),
) -> PairReactivity:
    """Return what two phases become at each ratio, and the ratio at which they lose most energy.

    pymatgen's ``InterfacialReactivity`` (Richards et al., Chem. Mater. 28, 266 (2016)): the
    reaction energy of the mixture, per atom, against the two phases as they are.

    Parameters
    ----------
    energies
        All phases that compete.
    first, second
        Names or formulas.
    voltage_v
        None: nothing is exchanged with the surroundings. Else Li comes from and goes to a
        reservoir at that voltage against Li/Li+, energies are per atom other than Li, and hold
        what each phase does at that voltage by itself.
    known
        Formulas that a complete diagram would have.

    Raises
    ------
    StabilityError
        If a phase is not in the diagram, or both are the same one.
    """
    a, b = (find_phase(energies, name) for name in (first, second))
    elements = {*a.composition, *b.composition} | ({"Li"} if voltage_v is not None else set())
    phases = Phases(energies, elements)
    one, two = (Composition(p.composition).reduced_composition for p in (a, b))
    if one.almost_equals(two):
        raise StabilityError(f"{first} and {second} are one phase; a reaction needs two")
    for phase, whole in ((a, one), (b, two)):
        entry = phases.entries[phase.name]
        if entry not in phases.diagram.qhull_entries:
            raise StabilityError(
                f"{phase.name} ({whole.reduced_formula}) lies above its own elements in "
                f"{energies.source}, so that no reaction energy counts from it"
            )
    if voltage_v is not None and any(set(p.composition) == {"Li"} for p in (a, b)):
        raise StabilityError("against a reservoir of Li, Li metal reacts with nothing by itself")
    reactions = [
        MixingReaction(
            fraction_of_first=float(ratio),
            energy_ev_per_atom=0.0 if abs(energy) < _NOTHING_EV else float(energy),
            reaction=str(reaction),
            products=[
                product.reduced_formula
                for product in reaction.products
                if reaction.get_coeff(product) > _NOTHING_EV
            ],
        )
        for _, ratio, energy, reaction, _ in _reactivity(one, two, phases, voltage_v).get_kinks()
    ]
    own = [
        next(r.energy_ev_per_atom for r in reactions if abs(r.fraction_of_first - end) < _AN_END)
        for end in (1.0, 0.0)
    ]
    counted = [_counted_share(whole, is_open=voltage_v is not None) for whole in (one, two)]
    return PairReactivity(
        first=a.name,
        second=b.name,
        voltage_v=voltage_v,
        worst=min(reactions, key=lambda r: r.energy_ev_per_atom),
        reactions=reactions,
        own_decomposition_ev_per_atom=min(own),
        mutual_ev_per_atom=min(0.0, *(_mutual_ev(made, own, counted) for made in reactions)),
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


def _mutual_ev(reaction: MixingReaction, own: Sequence[float], counted: Sequence[float]) -> float:
    """Return what a mixture gains beyond what its two phases gain alone, eV per atom.

    ``own`` are their own energies, ``counted`` the share of their atoms that energies are per.
    """
    share = reaction.fraction_of_first
    x, y = share * counted[0], (1 - share) * counted[1]
    return reaction.energy_ev_per_atom - (x * own[0] + y * own[1]) / (x + y)


def barrier_layer(
    energies: PhaseEnergies, first: str, second: str, coating: str, voltage_v: float | None = None
) -> BarrierLayer:
    """Return what the contact of two phases adds, and that of each with a coating between them.

    Arguments and errors are those of ``pair_reactivity``.
    """
    worst = [
        pair_reactivity(energies, a, b, voltage_v).mutual_ev_per_atom
        for a, b in ((first, second), (first, coating), (coating, second))
    ]
    return BarrierLayer(
        first=first,
        second=second,
        coating=coating,
        without_ev_per_atom=worst[0],
        with_first_ev_per_atom=worst[1],
        with_second_ev_per_atom=worst[2],
    )


def _counted_share(whole: Composition, *, is_open: bool) -> float:
    """Return the share of a phase's atoms that energies are counted per: not the open Li."""
    return 1.0 - whole.get_atomic_fraction(LITHIUM) if is_open else 1.0
