"""The moments of a density in one window, as they are computed and as they are stored.

A plain dataclass and not a ``Document``: what integrates densities needs neither pydantic nor
pymatgen, whose imports take longer than reading the file.
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class WindowCenter:
    """Moments of a density in one window."""

    #: What a ``Document`` refuses is refused here too.
    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    center_ev: float | None
    """Relative to the reference; None: too little weight."""
    weight: float
    """Captured weight: integral of the density, electrons."""
    width_ev: float | None
    """Square root of the second central moment."""
