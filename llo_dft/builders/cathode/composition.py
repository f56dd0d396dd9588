"""From a formula such as Li1.2Mn0.54Ni0.13Co0.13O2 to whole numbers of sites."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

from pymatgen.core.composition import Composition

from llo_dft.chemistry.element_table import ELEMENTS
from llo_dft.chemistry.formal_charges import unbalanced_charge, usual_charge
from llo_dft.errors import InputError

#: How far the cations per O2 in a formula may be from 2 by rounding.
CATION_SUM_TOLERANCE: Final = 0.02

#: Rounding error of a formula's charge per O2, once no metal can change its charge further, e.
CHARGE_TOLERANCE_E: Final = 0.05


class CompositionError(InputError):
    """A formula that is not one of these layered oxides, or that a supercell can't realise."""


@dataclass(frozen=True)
class LayerComposition:
    """Composition of one TM layer, and its deviation from the requested one."""

    counts: dict[str, int]
    """Number of sites of each element in one TM layer, including Li."""
    formula: str
    """Realised formula per O2."""
    deviation: float
    """Largest difference of an element's amount per O2 from the requested one."""


def parse_formula(formula: str) -> dict[str, float]:
    """Return the amount of each element per O2.

    Raises ``CompositionError`` if an element is unknown or can't be in a layered oxide, the cations
    per O2 are not two, with at least one of them Li, or no charges of the metals make it neutral.
    """
    try:
        composition = Composition(formula, strict=True)
    except (ValueError, KeyError, TypeError) as error:
        raise CompositionError(
            f"composition {formula!r} is not a formula: {error}; "
            'expected something like "Li1.2Mn0.6Ni0.2O2"'
        ) from error
    amounts = {element.symbol: float(amount) for element, amount in composition.items()}
    metals = {symbol for symbol, entry in ELEMENTS.items() if entry.role == "framework"}
    unknown = sorted(set(amounts) - metals - {"Li", "O"})
    unlisted = [symbol for symbol in unknown if symbol not in ELEMENTS]
    if unlisted:
        raise CompositionError(
            f"composition {formula!r}: no charge and no radius are known for "
            f"{', '.join(unlisted)}; add it to llo_dft/chemistry/elements.toml"
        )
    if unknown:
        known = ", ".join(sorted(metals))
        raise CompositionError(
            f"composition {formula!r}: {', '.join(unknown)} can't be placed in a layered oxide; "
            f"expected Li, O and any of {known}"
        )
    if not amounts.get("O") or not amounts.get("Li"):
        raise CompositionError(f"composition {formula!r}: expected both Li and O")
    per_o2 = {symbol: 2.0 * amount / amounts["O"] for symbol, amount in amounts.items()}
    cations = sum(amount for symbol, amount in per_o2.items() if symbol != "O")
    if abs(cations - 2.0) > CATION_SUM_TOLERANCE:
        raise CompositionError(
            f"composition {formula!r} has {cations:.3f} cations per O2; a layered oxide "
            "Li[LixM1-x]O2 has 2: one Li in the Li layer, and Li or M in the TM layer"
        )
    if per_o2["Li"] < 1.0 - CATION_SUM_TOLERANCE or not set(per_o2) & metals:
        raise CompositionError(
            f"composition {formula!r}: expected at least one Li per O2 (a full Li layer) and "
            "at least one metal in addition"
        )
    check_neutral(per_o2, f"composition {formula!r}")
    return per_o2


def check_neutral(amounts: Mapping[str, float], name: str) -> None:
    """Refuse a composition that no charges of its metals make neutral with O2-.

    Raises ``CompositionError`` with the remaining charge.

    ``amounts`` are the atoms of each element, including O; ``name`` is for the message.
    """
    charge = 2.0 * unbalanced_charge(amounts) / amounts["O"]
    if abs(charge) > CHARGE_TOLERANCE_E:
        raise CompositionError(
            f"{name} can't be neutral: {charge:+.2f} e per O2 remain with every metal at the end "
            "of its redox ladder; expected cations that give 4 e in total to O2"
        )


def realise(per_o2: dict[str, float], n_sites: int) -> LayerComposition:
    """Find the integers on ``n_sites`` TM-layer sites that are nearest to a formula.

    Nearest means the smallest sum of squared differences; of equal ones, the one whose usual
    charges are nearest to neutral, then the one with more of the earlier elements. Every
    metal of the formula gets at least one site: a dopant is never rounded away.

    Raises ``CompositionError`` if no combination fills the layer.
    """
    wanted = {symbol: amount for symbol, amount in per_o2.items() if symbol != "O"}
    wanted["Li"] = max(wanted["Li"] - 1.0, 0.0)
    symbols = [symbol for symbol in sorted(wanted) if wanted[symbol] > 0.0]
    least = [0 if symbol == "Li" else 1 for symbol in symbols]
    ranges = [
        range(max(int(wanted[s] * n_sites) - len(symbols), low), int(wanted[s] * n_sites) + 3)
        for s, low in zip(symbols, least, strict=True)
    ]

    def cost(numbers: Iterable[int]) -> tuple[float, float, tuple[int, ...]]:
        counts = tuple(numbers)
        squares = sum(
            (count / n_sites - wanted[s]) ** 2 for s, count in zip(symbols, counts, strict=True)
        )
        charge = abs(_usual_charge_per_o2(dict(zip(symbols, counts, strict=True)), n_sites))
        return round(squares, 10), round(charge, 10), tuple(-count for count in counts)

    fitting: list[tuple[int, ...]] = [
        counts for counts in product(*ranges) if sum(counts) == n_sites
    ]
    if not fitting:
        raise CompositionError(f"no whole numbers fill {n_sites} sites near {per_o2}")
    nearest = min(fitting, key=cost)
    best = dict(zip(symbols, nearest, strict=True))
    counts = {symbol: count for symbol, count in best.items() if count}
    deviation = max(abs(best[s] / n_sites - wanted[s]) for s in symbols)
    return LayerComposition(counts, _formula(counts, n_sites), deviation)


def _usual_charge_per_o2(counts: dict[str, int], n_sites: int) -> float:
    layer = {symbol: count / n_sites for symbol, count in counts.items()}
    per_o2 = layer | {"Li": 1.0 + layer.get("Li", 0.0), "O": 2.0}
    return sum(usual_charge(symbol) * amount for symbol, amount in per_o2.items())


def _formula(counts: dict[str, int], n_sites: int) -> str:
    metals = "".join(
        f"{symbol}{count / n_sites:.4g}"
        for symbol, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if symbol != "Li"
    )
    return f"Li{1 + counts.get('Li', 0) / n_sites:.4g}{metals}O2"
