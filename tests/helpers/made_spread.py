"""A study in several cells, made up by hand."""

from __future__ import annotations

from llo_dft.documents.spread import EnergySpread, StudySpread, TurningSpread

SPREAD = StudySpread(
    study="s",
    engine="fake",
    protocol="balanced",
    cells={"a": "lowest", "b": "second", "wide": "lowest, wider"},
    energies=[
        EnergySpread(
            system="bare",
            holes_per_tm=holes,
            lowest_ev={"a": 2 - holes, "b": 3 - holes, "wide": 1.5 - holes},
            mean_ev=2.5 - holes,
            deviation_ev=0.7,
            lateral_shift_ev={"wide": -0.5},
            extrapolated_ev=1.5 - holes,
        )
        for holes in (0.0, 1.0)
    ],
    turning_points=[
        TurningSpread(
            system="bare",
            holes_per_tm={"a": 0.5, "b": None, "wide": 0.75},
            mean=0.5,
            shares={"width of the cell": 0.25},
        )
    ],
    mock=True,
)
