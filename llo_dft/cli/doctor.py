"""llo-dft doctor: what is installed and configured, and what is missing."""

from pathlib import Path

import typer

from llo_dft.cli.named_recipes import find_recipe
from llo_dft.cli.options import AsJson
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_json
from llo_dft.documents.document import Finding
from llo_dft.engines.registry import engine_class
from llo_dft.errors import InputError
from llo_dft.study.doctor.cluster_doctor import examine_cluster
from llo_dft.study.doctor.installed import examine
from llo_dft.study.doctor.project_doctor import examine_project
from llo_dft.study.folder import StudyFolder
from llo_dft.study.run_study import PreparedRun, prepare_run


def doctor(
    *,
    project: str | None = typer.Option(
        None, help="Examine this jobflow-remote project (name or file) instead of this machine."
    ),
    on: Path | None = typer.Option(
        None, help="Examine this cluster file (for run and submit --on) instead of this machine."
    ),
    recipe: str | None = typer.Option(
        None, help="With --project or --on: compare the walltimes with this recipe's needs."
    ),
    calibrate: Path | None = typer.Option(
        None,
        help="Take the time of an electronic step from a finished vasp_std run (folder or "
        "OUTCAR) instead.",
    ),
    as_json: AsJson = False,
) -> None:
    """Show what is installed, what is missing, and what to do about it."""
    findings = (
        _findings(project, on, recipe)
        if calibrate is None
        else [engine_class("vasp").calibrated(calibrate)]
    )
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            mark = {"ok": "ok     ", "missing": "MISSING", "optional": "-      "}[finding.state]
            typer.echo(f"{mark} {finding.what}: {finding.found}")
            for line in finding.remedy.splitlines():
                typer.echo(f"        {line}")
    failed = any(finding.state == "missing" for finding in findings)
    raise typer.Exit(INCOMPLETE if failed else COMPLETE)


def _findings(project: str | None, on: Path | None, recipe: str | None) -> list[Finding]:
    if project is not None and on is not None:
        raise InputError("expected --project NAME or --on CLUSTER.yaml, not both")
    if project is not None:
        return examine_project(project, _prepared(recipe))
    if on is not None:
        return examine_cluster(on, _prepared(recipe))
    if recipe is not None:
        raise InputError("--recipe goes with --project or --on")
    return examine()


def _prepared(recipe: str | None) -> PreparedRun | None:
    """Prepare a study for an estimate; it is not run."""
    if recipe is None:
        return None
    study, recipe_folder = find_recipe(recipe)
    nowhere = StudyFolder(Path("of-no-study-at-all"))
    return prepare_run(study, recipe_folder, nowhere, computes_here=False)
