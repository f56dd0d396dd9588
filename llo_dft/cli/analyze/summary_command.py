"""llo-dft analyze summary: what finished calculations are, and what is wrong with them."""

from pathlib import Path

import typer

from llo_dft.analysis.electronic.oxidation_states import state_name
from llo_dft.cli.options import AsJson
from llo_dft.cli.output.common import Unread, leave, print_json, print_remarks, read_each
from llo_dft.documents.electrons.electronic import CalculationSummary, OxidationStates
from llo_dft.report.titles import settings_text
from llo_dft.runs.run_summary import summarize
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import study_summaries
from llo_dft.study.study_files import is_study


def summary(
    paths: list[Path] = typer.Argument(
        help="VASP run folders, vasprun.xml or vaspout.h5 files, or folders of studies."
    ),
    *,
    as_json: AsJson = False,
) -> None:
    """Summarise finished calculations: energy, settings, gap, moments, problems.

    The energy of a run that did not converge is not given.
    """
    studies = [path for path in paths if is_study(path)]
    runs = [path for path in paths if path not in studies]
    found = read_each(runs, summarize)
    for path in studies:
        found += study_summaries(StudyFolder(path))
    if as_json:
        records = [
            CalculationSummary(**vars(one)) if isinstance(one, Unread) else one for one in found
        ]
        print_json([one.model_dump(mode="json") for one in records])
    else:
        for one in found:
            if not isinstance(one, Unread) and one.formula is not None:
                _print(one)
    leave(found)


def _print(one: CalculationSummary) -> None:
    energy = "no result" if one.energy_ev is None else f"{one.energy_ev:.6f} eV"
    typer.echo(f"{one.path}: {one.formula}, {energy}")
    if one.fingerprint is not None:
        typer.echo(f"  {settings_text(one.fingerprint)}")
    if one.band_edges is not None and one.gap_ev is not None:
        kind = "metal" if one.band_edges.is_metal else f"gap {one.gap_ev:.3f} eV"
        typer.echo(f"  {kind}, VBM {one.band_edges.vbm_ev:.3f} eV")
    if one.oxidation_states is not None:
        _print_states(one.oxidation_states)
    print_remarks(one.problems, one.notes, indent="  ")


def _print_states(states: OxidationStates) -> None:
    for name, n_atoms in states.counts.items():
        atoms = [a for a in states.atoms if state_name(a.element, a.state) == name]
        sizes = [abs(atom.moment_mu_b) for atom in atoms]
        why = f"; {atoms[0].reason}" if atoms[0].state is None else ""
        typer.echo(f"  {name:>6s} {n_atoms:4d}  {min(sizes):.2f} to {max(sizes):.2f} mu_B{why}")
    typer.echo(f"  charge: {states.note}")
