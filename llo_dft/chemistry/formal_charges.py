"""Formal charges: usual ones by element, those of a composition by the package's redox ladder.

The ladder is one: the charges of an ordering search, the moments that a calculation starts from
and the neutrality of what is built all come from here.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.structure import Structure

from llo_dft.chemistry.element_table import ELEMENTS, OXIDISED, REDUCED, symbols_of
from llo_dft.chemistry.roles import element_role
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray

#: Charges (e, of the whole composition) that differ by less are equal.
CHARGE_RESOLUTION_E: Final = 1e-9


def usual_charge(symbol: str) -> int:
    """Return the usual formal charge of an element, e.

    Raises ``ValueError`` if the table has none.
    """
    if symbol not in ELEMENTS:
        raise ValueError(
            f"no formal charge is known for {symbol}: expected one of {', '.join(ELEMENTS)}; "
            "add it to llo_dft/chemistry/elements.toml"
        )
    return ELEMENTS[symbol].charge


def formal_charges(symbols: Iterable[str], composition: Iterable[str] | None = None) -> list[float]:
    """Return the formal charge of each site, e.

    Raises ``ValueError`` if the table lacks an element.

    ``symbols`` are the elements of the sites, ``composition`` those of all atoms of the crystal
    that the sites belong to: its charges hold (see ``element_charges``), and the usual ones for
    elements that it lacks. None: the usual ones.
    """
    known = {} if composition is None else element_charges(Counter(composition))
    charges: dict[str, float] = {}
    for symbol in (symbols := list(symbols)):
        if symbol not in charges:
            charges[symbol] = known[symbol] if symbol in known else float(usual_charge(symbol))
    return [charges[symbol] for symbol in symbols]


def element_charges(amounts: Mapping[str, float], total: float = 0.0) -> dict[str, float]:
    """Return the mean formal charge of each element of a composition, neutral or of a charge, e.

    From the usual charges, electrons are taken or given in the order of the redox ladder: Ni2+
    goes to Ni4+, then Co3+ to Co4+, then O2- loses some; too many reduce Mn4+ first. So LiNiO2
    has Ni3+ and LiNi0.8Mn0.1Co0.1O2 Ni2.875+.

    Raises ``ValueError`` if the table lacks an element and pymatgen finds no charge that fits it
    in.

    ``amounts`` are the atoms of each element, whole or not; without an anion there is nothing to
    balance, and all charges are 0. ``total`` is what the charges sum up to, e: of an oxide under a
    coating, the coating's less its sign.

    Charges are by element, above -2 for O once electrons have left it. What the ladder can't
    balance stays: ``unbalanced_charge`` says how much.
    """
    if not any(n and element_role(element) == "anion" for element, n in amounts.items()):
        return dict.fromkeys(amounts, 0.0)
    return _on_ladder(_usual_charges(amounts), amounts, total)


def unbalanced_charge(amounts: Mapping[str, float]) -> float:
    """Return the charge that the metals of a composition can't balance beside O2-, e.

    0 where it is neutral. Negative: the cations can't give all O two electrons; positive: they
    have more to give than O takes. Raises as ``element_charges``.
    """
    charges = element_charges(amounts) | {"O": float(ELEMENTS["O"].charge)}
    left = sum(charges[element] * n for element, n in amounts.items())
    return 0.0 if abs(left) < CHARGE_RESOLUTION_E else float(left)


def hole_shares(
    structure: Structure, n_holes: float, oxide_sites: Collection[int] | None = None
) -> FloatArray:
    """Return (n_sites,) the electrons that each site has given once some have left an oxide.

    They leave along the ladder of ``element_charges``, evenly from the atoms of an element: from
    Li[Li1/6 Ni1/6 Co1/6 Mn1/2]O2 the first two of each Ni, then one of each Co, then those of O.

    Raises ``InputError`` if there is no O in the oxide, or it has not so many electrons to give.

    The structure has all its Li, and its formal charges balance; ``n_holes`` electrons left, as
    many as Li+. ``oxide_sites`` are those of the layered oxide, its coating gives none; None: all
    sites.
    """
    symbols = symbols_of(structure)
    inside = np.ones(len(symbols), dtype=bool)
    if oxide_sites is not None:
        inside[:] = False
        inside[list(oxide_sites)] = True
    oxide = Counter(symbol for symbol, there in zip(symbols, inside, strict=True) if there)
    if not oxide["O"]:
        raise InputError(
            f"{structure.formula} has no O to take up the charge of the Li that leaves"
        )
    full = np.array(formal_charges(symbols, symbols))
    usual = _usual_charges(oxide)
    pristine = float(-full[~inside].sum())
    before = _on_ladder(usual, oxide, pristine)
    after = _on_ladder(usual, oxide, pristine + n_holes)
    given = {element: after[element] - before[element] for element in oxide}
    total = sum(given[element] * n for element, n in oxide.items())
    if abs(total - n_holes) > CHARGE_RESOLUTION_E:
        raise InputError(
            f"{structure.formula} can't give {n_holes:g} electrons: expected at most {total:g}, "
            "with which its metals are at the top of the redox ladder and its O are O-"
        )
    shares = [given[s] if there else 0.0 for s, there in zip(symbols, inside, strict=True)]
    return np.array(shares, dtype=np.float64)


def _on_ladder(
    usual: Mapping[str, float], amounts: Mapping[str, float], total: float
) -> dict[str, float]:
    """Return the charges of elements that sum up to a total, e, as far as the ladder goes."""
    charges = dict(usual)
    missing = total - sum(charges[element] * n for element, n in amounts.items())
    for element, limit in OXIDISED if missing > 0 else REDUCED:
        n = amounts.get(element, 0)
        if not n or abs(missing) < CHARGE_RESOLUTION_E:
            continue
        room = (limit - charges[element]) * n
        given = min(missing, room) if missing > 0 else max(missing, room)
        if given * missing > 0:
            charges[element] += given / n
            missing -= given
    return charges


def _usual_charges(amounts: Mapping[str, float]) -> dict[str, float]:
    """Return the usual charge of each element, where the ladder starts in both directions."""
    return _guessed(amounts) | {e: float(ELEMENTS[e].charge) for e in amounts if e in ELEMENTS}


def _guessed(amounts: Mapping[str, float]) -> dict[str, float]:
    """Return pymatgen's guess for elements that the table lacks, the others on their ladder."""
    unlisted = [element for element in amounts if element not in ELEMENTS]
    if not unlisted:
        return {}
    states = {element: {ELEMENTS[element].charge} for element in amounts if element in ELEMENTS}
    for element, limit in (*OXIDISED, *REDUCED):
        if element in states and element != "O":
            states[element] |= set(range(*sorted((limit, ELEMENTS[element].charge)))) | {limit}
    whole = {element: round(n) for element, n in amounts.items()}
    guesses = Composition(whole).oxi_state_guesses(
        oxi_states_override={element: sorted(found) for element, found in states.items()}
    )
    if whole != dict(amounts) or not guesses:
        raise ValueError(
            f"no formal charge is known for {', '.join(unlisted)}, and none that makes "
            f"{Composition(whole).formula} neutral: add it to llo_dft/chemistry/elements.toml"
        )
    return {element: float(round(guesses[0][element])) for element in unlisted}
