"""A screen of coatings, and a study in several cells, as tables for a terminal."""

from itertools import groupby

import typer

from llo_dft.cli.output.common import print_remarks
from llo_dft.cli.output.phrases import REACTION_COLUMNS, reaction_cells
from llo_dft.cli.output.terminal import number, print_mock, print_table
from llo_dft.documents.coating_screen import (
    CoatingScreen,
    GainAtCharge,
    RankedDifference,
    ScreenedCoating,
)
from llo_dft.documents.labels import system_name
from llo_dft.documents.spread import StudySpread, TurningSpread


def print_screen(screen: CoatingScreen) -> None:
    """Print the coatings by rank, the differences between them, failures and notes."""
    print_mock(mock=screen.mock)
    typer.echo(f"{screen.study}, {screen.composition}, {screen.engine} ({screen.protocol})")
    print_table(
        [
            *("rank", "<coating", "strain (%)", "adhesion (J/m2)", "bonds", "Li lost"),
            *(f"at {holes:.2f} h/TM" for holes in screen.charges),
        ],
        [_row(one, screen.charges) for one in screen.coatings],
        title="Gain: E_f coated less bare of the same O at equal charge, eV: mean (worst) of O",
    )
    reacting = {one.coating: one.reactions for one in screen.coatings if one.reactions}
    if reacting:
        print_table(
            ["<coating", "x", *REACTION_COLUMNS],
            [
                [coating, f"{x:.2f}", *reaction_cells(pair)]
                for coating, pairs in reacting.items()
                for x, pair in sorted(pairs.items(), reverse=True)
            ],
            title="Reaction of cathode (first) and coating as crystals, at the worst ratio; "
            "missing phases can only lower eV/atom",
        )
    for difference in screen.differences:
        typer.echo(difference_text(difference))
    problems = [f"{one.name}: {reason}" for one in screen.coatings for reason in one.reasons]
    print_remarks(problems, screen.notes)


def _row(one: ScreenedCoating, charges: list[float]) -> list[str]:
    strains = [] if one.coating_strain is None else one.coating_strain
    return [
        "-" if one.rank is None else str(one.rank),
        f"{one.name}{'' if one.status == 'completed' else f' ({one.status})'}",
        "/".join(f"{100 * strain:+.1f}" for strain in strains) or "-",
        number(one.work_of_adhesion_j_per_m2, 2),
        str(one.n_former_bonds) if one.termination else "-",
        "-" if one.li_removed_for_charge is None else str(one.li_removed_for_charge),
        *(gain_text(one.gain_at(holes)) for holes in charges),
    ]


def gain_text(gain: GainAtCharge | None) -> str:
    """Return a gain at one charge: its mean, the worst, and of how many O."""
    if gain is None:
        return "-"
    if gain.mean_ev is None:
        return f"rebuilt, {gain.n_rebuilt} O"
    of = f"{gain.n_oxygens} of {gain.n_oxygens + gain.n_rebuilt}"
    return f"{gain.mean_ev:+.2f} ({number(gain.worst_ev, 2, sign=True)}) {of}"


def difference_text(one: RankedDifference) -> str:
    """Return whether two that follow each other in rank can be told apart."""
    same = (
        f"; of {one.n_same_oxygens} O that both have, it is larger at {one.n_same_order}"
        if one.n_same_oxygens
        else ""
    )
    pair = f"{one.better} over {one.next}: {one.difference_ev:.2f} eV"
    if one.spread_ev is None:
        return f"{pair}, of one O in each: no spread is known{same}"
    verdict = "more than" if one.told_apart else "not told apart, less than"
    return f"{pair}, {verdict} the spread of {one.spread_ev:.2f} eV over the O{same}"


def print_spread(spread: StudySpread) -> None:
    """Print the lowest E_f of every cell, the mean over orderings, and where each crosses zero."""
    print_mock(mock=spread.mock)
    typer.echo(f"{spread.study}, {spread.engine} ({spread.protocol})")
    for name, description in spread.cells.items():
        typer.echo(f"  {name}: {description}")
    for (system, termination), found in groupby(
        spread.energies, lambda one: (one.system, one.termination)
    ):
        charges = list(found)
        rows = {cell: [one.lowest_ev.get(cell) for one in charges] for cell in spread.cells}
        rows |= {
            "mean over orderings": [one.mean_ev for one in charges],
            "standard deviation": [one.deviation_ev for one in charges],
            "extrapolated in width": [one.extrapolated_ev for one in charges],
        }
        print_table(
            ["<holes/TM", *(number(one.holes_per_tm) for one in charges)],
            [[name, *map(number, values)] for name, values in rows.items()],
            title=f"Lowest E_f, {system_name(system, termination)}, eV per O",
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
