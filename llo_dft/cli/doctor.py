"""llo-dft doctor: what is installed and configured, and what is missing."""

from __future__ import annotations

import typer

from llo_dft.cli.common import COMPLETE, INCOMPLETE, print_json


def doctor(
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Tell what is installed and configured, what is missing, and what to do about it."""
    from llo_dft.study.doctor import examine  # noqa: PLC0415 (keeps --help fast)

    findings = examine()
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            mark = {"ok": "ok     ", "missing": "MISSING", "optional": "-      "}[finding.state]
            typer.echo(f"{mark} {finding.what}: {finding.found}")
            if finding.remedy:
                typer.echo(f"        {finding.remedy}")
    failed = any(finding.state == "missing" for finding in findings)
    raise typer.Exit(INCOMPLETE if failed else COMPLETE)
