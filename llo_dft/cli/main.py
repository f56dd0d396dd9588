"""llo-dft: the command line. Heavy packages are imported inside the commands."""

import sys
import traceback

import typer

from llo_dft import __version__
from llo_dft.cli import (
    build,
    cell,
    compare,
    doctor,
    hpc,
    init,
    match,
    recipes,
    report,
    run,
    screen,
    status,
    submit,
)
from llo_dft.cli.analyze.group import app as analyze_app
from llo_dft.cli.output.common import CRASHED
from llo_dft.plain_files import pass_over_matplotlibrc

app = typer.Typer(
    name="llo-dft",
    help="Oxygen vacancies in Li-rich layered oxide cathodes, from a one-page recipe.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help needs half the time
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if value:
        typer.echo(f"llo-dft {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: bool = typer.Option(  # noqa: FBT001 (handled by its callback)
        False,  # noqa: FBT003
        "--version",
        callback=_print_version,
        is_eager=True,
        help="Print the version and exit.",
    ),
) -> None:
    """Oxygen vacancies in Li-rich layered oxide cathodes, from a one-page recipe.

    Exit status: 0 complete, 1 some calculations failed or are missing, 2 bad input,
    70 a bug in this package.
    """


app.command("init")(init.init)
app.command("recipes")(recipes.recipes)
app.command("build")(build.build)
app.command("match")(match.match)
app.command("run")(run.run)
app.command("screen")(screen.screen)
app.command("submit")(submit.submit)
app.command("status")(status.status)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("retry")(submit.retry)
app.command("collect")(submit.collect)
app.command("cancel")(submit.cancel)
app.command("drive", hidden=True)(run.drive)
app.add_typer(analyze_app, name="analyze")
app.add_typer(hpc.app, name="hpc")
app.command("cell")(cell.cell)
app.command("doctor")(doctor.doctor)


def command_line() -> None:
    """Run a command; a fault of this package ends with its traceback and a status of its own."""
    pass_over_matplotlibrc()
    try:
        app()
    except Exception:  # noqa: BLE001 (whatever it is, it must not look like an incomplete study)
        traceback.print_exc()
        sys.exit(CRASHED)


if __name__ == "__main__":
    command_line()
