"""Oxygen vacancies in coated Li-rich layered oxide cathodes, from structure to figure.

For notebooks: ``from llo_dft import plan, run, read_results, ...``; see ``llo_dft.notebook``.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llo_dft.notebook import (
        band_centers,
        build_bulk,
        build_interface,
        build_slab,
        charge_difference,
        delithiate,
        plan,
        read_results,
        read_run,
        run,
        vacancies,
        vacancy_energies,
        voltage,
    )

try:
    __version__ = version("llo-dft")
except PackageNotFoundError:  # imported from a checkout that is not installed
    __version__ = "0+unknown"

__all__ = [
    "band_centers",
    "build_bulk",
    "build_interface",
    "build_slab",
    "charge_difference",
    "delithiate",
    "plan",
    "read_results",
    "read_run",
    "run",
    "vacancies",
    "vacancy_energies",
    "voltage",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (any of the verbs)
    """Load the verbs when one is asked for: what they need takes seconds."""
    if name in __all__:
        return getattr(import_module("llo_dft.notebook"), name)
    raise AttributeError(f"module 'llo_dft' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name the verbs, for completion."""
    return sorted({*globals(), *__all__})
