"""llo-dft analyze summary: what finished calculations are, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.output.common import BAD_INPUT, COMPLETE, INCOMPLETE, print_json

if TYPE_CHECKING:
    from llo_dft.documents.electronic import CalculationSummary
    from llo_dft.documents.oxidation import OxidationStates


def summary(
    paths: list[Path] = typer.Argument(
        help="VASP run folders, or vasprun.xml or vaspout.h5 files."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print them as a JSON list."),  # noqa: FBT001, FBT003
) -> None:
    """Tell of finished calculations what they are: energy, settings, gap, moments, problems.

    The energy of a run that did not converge is not given.
    """
    from llo_dft.documents.electronic import CalculationSummary  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.errors import InputError  # noqa: PLC0415
    from llo_dft.runs.run_summary import summarize  # noqa: PLC0415

    found = []
    unreadable = 0
    for path in paths:
        try:
            found.append(summarize(path))
        except InputError as error:
            unreadable += 1
            typer.echo(f"llo-dft: {error}", err=True)
            found.append(CalculationSummary(path=str(path), problems=[str(error)]))
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        for one in found:
            if one.formula is not None:
                _print(one)
    if unreadable == len(paths):
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(INCOMPLETE if any(one.problems for one in found) else COMPLETE)


def _print(one: CalculationSummary) -> None:
    energy = "no result" if one.energy_ev is None else f"{one.energy_ev:.6f} eV"
    typer.echo(f"{one.path}: {one.formula}, {energy}")
    if one.fingerprint is not None:
        settings = one.fingerprint
        cutoff = "" if settings.cutoff_ev is None else f", {settings.cutoff_ev:g} eV"
        hubbard = "".join(f", U({name}) {u:g} eV" for name, u in settings.u_values_ev.items())
        version = f"{settings.engine} {settings.engine_version}"
        typer.echo(f"  {version}, {settings.functional}{hubbard}{cutoff}")
    if one.band_edges is not None and one.gap_ev is not None:
        kind = "metal" if one.band_edges.is_metal else f"gap {one.gap_ev:.3f} eV"
        typer.echo(f"  {kind}, VBM {one.band_edges.vbm_ev:.3f} eV")
    if one.oxidation_states is not None:
        _print_states(one.oxidation_states)
    for problem in one.problems:
        typer.echo(f"  problem: {problem}")
    for note in one.notes:
        typer.echo(f"  note: {note}")


def _print_states(states: OxidationStates) -> None:
    from llo_dft.analysis.electronic.oxidation_states import state_name  # noqa: PLC0415 (keeps --help fast)

    for name, n_atoms in states.counts.items():
        atoms = [a for a in states.atoms if state_name(a.element, a.state) == name]
        sizes = [abs(atom.moment_mu_b) for atom in atoms]
        why = f"; {atoms[0].reason}" if atoms[0].state is None else ""
        typer.echo(f"  {name:>6s} {n_atoms:4d}  {min(sizes):.2f} to {max(sizes):.2f} mu_B{why}")
    typer.echo(f"  charge: {states.note}")
