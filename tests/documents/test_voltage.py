from __future__ import annotations

from llo_dft.documents.voltage import VoltageCurve, VoltagePoint


def point(n_lithium: int, above_hull_ev: float) -> VoltagePoint:
    return VoltagePoint(
        lithium_fraction=n_lithium / 4,
        n_lithium=n_lithium,
        energy_ev=-10.0 * n_lithium,
        formation_energy_ev=0.0,
        above_hull_ev=above_hull_ev,
        stable=above_hull_ev == 0.0,
    )


def test_the_hosts_above_the_hull_are_named_in_their_order() -> None:
    points = [point(4, 0.0), point(3, 0.02), point(2, 0.0), point(1, 0.3), point(0, 0.0)]
    curve = VoltageCurve(
        average_v=3.8,
        steps=[],
        points=points,
        lithium_metal_ev_per_atom=-1.9,
        lithium_metal_source="Li",
    )
    assert [one.n_lithium for one in curve.unstable] == [3, 1]
    assert VoltageCurve.model_validate_json(curve.model_dump_json()) == curve
