"""Which INCAR tags decide an energy: all that VASP knows, but for those known to be harmless.

``energy_tags.toml`` beside this module sorts the tags, with a reason for each.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from llo_dft.documents.calculation import Setting

Weight = Literal["refused", "own", "named", "harmless"]

_TABLE: Final = Path(__file__).with_suffix(".toml")

#: Words that VASP takes by their first letter, and writes cut short.
_WORDS: Final = {
    "PREC": ("Low", "Medium", "High", "Normal", "Single", "Accurate"),
    "PRECFOCK": ("Low", "Medium", "Fast", "Normal", "Single", "Accurate"),
    "LREAL": ("Auto", "On"),
}

#: VASP writes only that projectors are in real space; INCAR has by which method.
_INCAR_KNOWS_MORE: Final = frozenset({"LREAL"})

#: Smearings by tetrahedra, which have no width.
_TETRAHEDRA: Final = (-4, -5)


@dataclass(frozen=True)
class Tag:
    """What is known of a tag."""

    weight: Weight
    """What follows where two runs differ in it."""
    reason: str
    defaults: tuple[Setting, ...] | None = None
    """Values that come to VASP's own; None where that depends on the atoms or on other tags, and
    only what INCAR sets is compared."""
    switch: str = ""
    """Tag without which this one has no effect."""


#: A tag that is not in the table is compared as VASP writes it.
_UNKNOWN: Final = Tag("named", "not known to this package", ())


@cache
def known_tags() -> dict[str, Tag]:
    """Return the table; a name that ends in * stands for all that begin so."""
    return dict(_read(tomllib.loads(_TABLE.read_text(encoding="utf-8"))))


def _read(table: Mapping[str, Any]) -> Iterator[tuple[str, Tag]]:
    for weight in get_args(Weight):
        for group in table[weight]:
            reason, switch = group["reason"], group.get("if", "")
            tags = group.get("tags", {})
            for name in tags:
                value = [] if weight == "harmless" else tags[name]
                defaults = tuple(value) if isinstance(value, list) else (value,)
                yield name, Tag(weight, reason, defaults, switch)
            for name in group.get("asked", ()):
                yield name, Tag(weight, reason, None, switch)


@cache
def tag_of(name: str) -> Tag:
    """Return what is known of a tag; one that is not in the table is named where it differs."""
    known = known_tags()
    if name in known:
        return known[name]
    patterns = (one for one in known if one.endswith("*") and name.startswith(one[:-1]))
    return next((known[pattern] for pattern in patterns), _UNKNOWN)


def deciding_tags(
    incar: Mapping[str, Any], parameters: Mapping[str, Any] | None = None
) -> dict[Weight, dict[str, Setting]]:
    """Return the tags of a run that may decide its energy, by what follows from a difference.

    ``incar`` is what was asked for, ``parameters`` what was used; None before the run, when only
    what is asked for is known.

    After a run, tags that forbid a difference are always there, if their default is the same for
    all structures. Those that are only named, or have no effect without another tag, are there if
    they have another value.
    """
    asked = {name.upper(): value for name, value in incar.items()}
    used = asked | {name.upper(): value for name, value in (parameters or {}).items()}
    used |= {name: asked[name] for name in _INCAR_KNOWS_MORE & asked.keys()}
    if parameters is not None:
        used = {name: tag.defaults[0] for name, tag in known_tags().items() if tag.defaults} | used
    found: dict[Weight, dict[str, Setting]] = {weight: {} for weight in get_args(Weight)}
    for name, given in sorted(used.items()):
        tag = tag_of(name)
        idle = tag.switch and used.get(tag.switch) is not True
        if tag.weight == "harmless" or idle or (tag.defaults is None and name not in asked):
            continue
        value = _plain(name, given, tag.defaults or ())
        if value in (tag.defaults or ()):
            if tag.weight == "named" or tag.switch:
                continue
            value = (tag.defaults or (value,))[0]
        found[tag.weight][name] = value
    if found["own"].get("ISMEAR") in _TETRAHEDRA:
        found["own"].pop("SIGMA", None)
    return found


def _plain(name: str, value: Any, defaults: tuple[Setting, ...]) -> Setting:  # noqa: ANN401 (VASP's)
    """Return a value as it is compared, whichever file it comes from."""
    if isinstance(value, str):
        word = value.strip().strip(".").upper()
        spelled = [one for one in _WORDS.get(name, ()) if one[0] == word[:1]]
        if spelled:
            return spelled[0]
        if isinstance(next(iter(defaults), None), bool) and word[:1] in {"T", "F"}:
            return word[0] == "T"
        return word or next(iter(defaults), "")
    if isinstance(next(iter(defaults), None), bool) and isinstance(value, int):
        return bool(value)
    return list(value) if isinstance(value, list | tuple) else value
