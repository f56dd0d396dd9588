"""A study in several cells as tables for a terminal."""

import typer

from llo_dft.cli.output.common import print_remarks
from llo_dft.cli.output.terminal import number, print_mock, print_table
from llo_dft.documents.labels import system_name
from llo_dft.documents.spread import StudySpread, TurningSpread


def print_spread(spread: StudySpread) -> None:
    """Print the lowest E_f of every cell, the mean over orderings, and where each crosses zero."""
    print_mock(mock=spread.mock)
    typer.echo(f"{spread.study}, {spread.engine} ({spread.protocol})")
    for name, description in spread.cells.items():
        typer.echo(f"  {name}: {description}")
    print_table(
        ["<system", "holes/TM", *spread.cells, "mean", "deviation", "isolated"],
        [
            [
                system_name(one.system, one.termination),
                number(one.holes_per_tm),
                *(number(one.lowest_ev.get(cell)) for cell in spread.cells),
                number(one.mean_ev),
                number(one.deviation_ev),
                number(one.extrapolated_ev),
            ]
            for one in spread.energies
        ],
        title="Lowest E_f, eV per O",
    )
    for point in spread.turning_points:
        typer.echo(f"{system_name(point.system, point.termination)}: {turning_spread_text(point)}")
    print_remarks([], spread.notes)


def turning_spread_text(point: TurningSpread) -> str:
    """Return in how many cells the lowest E_f crosses zero, where, and what spreads it."""
    turns = [q for q in point.holes_per_tm.values() if q is not None]
    if not turns:
        return f"crosses zero in none of {len(point.holes_per_tm)} cells"
    text = (
        f"crosses zero in {len(turns)} of {len(point.holes_per_tm)} cells, "
        f"from {min(turns):.3f} to {max(turns):.3f} holes per metal"
    )
    shares = [f"{source} {width:.3f}" for source, width in point.shares.items()]
    return f"{text} ({', '.join(shares)})" if shares else text
