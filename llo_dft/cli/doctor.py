"""llo-dft doctor: what is installed and configured, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.common import (
    COMPLETE,
    INCOMPLETE,
    bad_input_in_one_line,
    find_recipe,
    print_json,
)
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from llo_dft.study.doctor import Finding


def doctor(
    project: str | None = typer.Option(
        None, help="Examine this project of jobflow-remote, its name or file, in place of this."
    ),
    recipe: str | None = typer.Option(
        None, help="With --project: hold its walltimes against this study."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Tell what is installed and configured, what is missing, and what to do about it."""
    with bad_input_in_one_line():
        findings = _findings(project, recipe)
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


def _findings(project: str | None, recipe: str | None) -> list[Finding]:
    if project is None:
        from llo_dft.study.doctor import examine  # noqa: PLC0415 (keeps --help fast)

        if recipe is not None:
            raise InputError("--recipe goes with --project")
        return examine()
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.remote_doctor import examine_project  # noqa: PLC0415
    from llo_dft.study.run import prepare_run  # noqa: PLC0415

    if recipe is None:
        return examine_project(project, None)
    study, recipe_folder = find_recipe(recipe)
    nowhere = StudyFolder(Path("of-no-study-at-all"))
    return examine_project(project, prepare_run(study, recipe_folder, nowhere, computes_here=False))
