"""A pymatgen Structure from plain data; nothing named in the data is imported or called.

pymatgen's own ``from_dict`` hands site properties to monty's decoder, which imports and calls what
they name, so a structure from a file that others can write must not be read with it.
"""

import math
from typing import Any, Final, NamedTuple

from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element, Species
from pymatgen.core.structure import Structure

#: Largest number of values in one property of one site: a tensor.
_MOST_NUMBERS: Final = 9

#: Longest name of a property or label.
_LONGEST_NAME: Final = 60


def structure_from(fields: dict[str, Any]) -> Structure:
    """Return the structure that ``Structure.as_dict`` wrote, identical to the last bit.

    ``fields`` are lattice, sites with species, coordinates and properties (numbers, and lists of up
    to nine), and charge.

    Raises ``ValueError`` if the data are anything else, with the place.
    """
    try:
        cell = fields["lattice"]
        matrix = [_numbers(row, "lattice") for row in cell["matrix"]]
        a, b, c = cell.get("pbc", (True, True, True))
        lattice = Lattice(matrix, pbc=(bool(a), bool(b), bool(c)))
        sites = [_site(site, f"site {i}") for i, site in enumerate(fields["sites"])]
        charge = fields.get("charge")
        if fields.get("properties"):
            raise ValueError("it has properties beside those of its sites")
        names = dict.fromkeys(name for site in sites for name in site.properties)
        # from the parts: if sites were given, they would be created twice
        return Structure(
            lattice,
            [site.species for site in sites],
            [site.coords for site in sites],
            charge=None if charge is None else _number(charge, ""),
            site_properties={name: [site.properties.get(name) for site in sites] for name in names},
            labels=[site.label for site in sites],
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"expected lattice, species and coordinates: {error!r}") from error


class _Site(NamedTuple):
    species: dict[Element | Species, float]
    coords: list[float]
    properties: dict[str, Any]
    label: str | None


def _site(fields: dict[str, Any], where: str) -> _Site:
    label = fields.get("label")
    properties = fields.get("properties") or {}
    return _Site(
        {_species(one, where): _number(one["occu"], where) for one in fields["species"]},
        _numbers(fields["abc"], where),
        {_name(key, where): _property(properties[key], where) for key in properties},
        None if label is None else _name(label, where),
    )


def _species(fields: dict[str, Any], where: str) -> Element | Species:
    symbol, charge, spin = fields["element"], fields.get("oxidation_state"), fields.get("spin")
    if not isinstance(symbol, str) or not Element.is_valid_symbol(symbol):
        raise ValueError(f"{where}: {symbol!r} is not an element")
    if charge is None and spin is None:
        return Element(symbol)
    given = [None if one is None else _number(one, where) for one in (charge, spin)]
    return Species(symbol, given[0], spin=given[1])


def _property(value: object, where: str) -> Any:  # noqa: ANN401 (as pymatgen has it)
    if isinstance(value, list):
        if len(value) > _MOST_NUMBERS:
            raise ValueError(f"{where}: a property of {len(value)} numbers; expected at most 9")
        return [_number(one, where) for one in value]
    return None if value is None else _number(value, where)


def _numbers(values: object, where: str) -> list[float]:
    if not isinstance(values, list | tuple) or len(values) != 3:  # noqa: PLR2004 (directions)
        raise ValueError(f"{where}: {str(values)[:_LONGEST_NAME]!r}; expected three numbers")
    return [_number(one, where) for one in values]


def _number(value: Any, where: str) -> Any:  # noqa: ANN401 (a number, of the type that it has)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{where}: {str(value)[:_LONGEST_NAME]!r}; expected a number")
    return value


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_NAME or not value.isprintable():
        raise ValueError(f"{where}: {str(value)[:_LONGEST_NAME]!r}; expected a name")
    return value
