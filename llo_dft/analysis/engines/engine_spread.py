"""Results of several engines matched by a key, and their spread."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from statistics import median
from typing import TypeVar

from llo_dft.documents.comparison import SpreadSummary

Item = TypeVar("Item")
Key = TypeVar("Key", bound="Hashable")


def matched(
    by_engine: Mapping[str, Iterable[Item]], key: Callable[[Item], Key]
) -> dict[Key, dict[str, Item | None]]:
    """Return each engine's results by key; None in the place of an engine without one."""
    found: dict[Key, dict[str, Item | None]] = {}
    for name, items in by_engine.items():
        for item in items:
            found.setdefault(key(item), dict.fromkeys(by_engine))[name] = item
    return found


def spread(values: Iterable[float | None]) -> float | None:
    """Return the largest minus the smallest of the known values; None for fewer than two."""
    there = [value for value in values if value is not None]
    return max(there) - min(there) if len(there) > 1 else None


def same_sign(values: Iterable[float | None]) -> bool | None:
    """Return whether all known values have the same sign; None for fewer than two.

    Zero counts as a separate sign.
    """
    signs = [(value > 0) - (value < 0) for value in values if value is not None]
    return len(set(signs)) == 1 if len(signs) > 1 else None


def spread_summary(spreads_ev: Iterable[float | None]) -> SpreadSummary:
    """Return number, median and maximum of the known spreads, eV."""
    there = [value for value in spreads_ev if value is not None]
    return SpreadSummary(
        n=len(there),
        median_ev=median(there) if there else None,
        largest_ev=max(there, default=None),
    )
