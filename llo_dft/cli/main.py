"""llo-dft: the command line."""

import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, cast

import typer
from typer.core import TyperGroup

from llo_dft import __version__
from llo_dft.cli.output.error_lines import bad_input_in_one_line
from llo_dft.plain_files import pass_over_matplotlibrc

#: Exit status of a command that ended in a bug of this package, with its traceback.
CRASHED = 70


class _LazyGroup(TyperGroup):
    """Commands that are imported when one is run or asked for its help: all take seconds."""

    table: ClassVar[Mapping[str, tuple[str, str]]]
    """By name ``module:function`` below ``llo_dft.cli``, and what it does in a sentence; "" is not
    listed."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 (typer's)
        super().__init__(**settings)
        self._groups = dict(self.commands)
        # also what a mistyped name is compared with
        self.commands = cast("Any", dict.fromkeys([*self.table, *self._groups]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 (typer's)
        """Return a command, or None if there is none of that name."""
        del ctx
        if cmd_name not in self.table:
            return self._groups.get(cmd_name)
        module, _, function = self.table[cmd_name][0].partition(":")
        alone = typer.Typer(rich_markup_mode=None, add_completion=False)
        run = getattr(import_module(f"llo_dft.cli.{module}"), function)
        alone.command(cmd_name, hidden=not self.table[cmd_name][1])(bad_input_in_one_line()(run))
        return typer.main.get_command(alone)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 (typer's)
        """Write the names with what each does."""
        del ctx
        listed = [(name, sentence) for name, (_, sentence) in self.table.items() if sentence]
        with formatter.section("Commands"):
            formatter.write_dl([*listed, *((name, one.help) for name, one in self._groups.items())])


class _Main(_LazyGroup):
    table: ClassVar = {
        "init": ("recipes:init", "Write a commented recipe to start from into the current folder."),
        "recipes": ("recipes:recipes", "List the recipes that come with the package."),
        "build": ("build:build", "Write the structures of a recipe and a manifest."),
        "match": ("match:match", "List the common cells of two surfaces, the smallest first."),
        "run": ("run:run", "Run a study; run it again to resume where it stopped."),
        "screen": ("screen:screen", "Compute a cathode under several coatings, and rank them."),
        "submit": ("submit:submit", "Submit a study to a cluster's queue."),
        "status": ("status:status", "Show which calculations are completed, running or failed."),
        "report": ("report:report", "Write one HTML page with all results, which opens offline."),
        "compare": ("compare:compare", "Compare the results of one study by several engines."),
        "retry": ("submit:retry", "Rerun the failed jobs of a submitted study."),
        "collect": ("submit:collect", "Write the results of a submitted study as far as it got."),
        "cancel": ("submit:cancel", "Remove a study from a cluster's queue."),
        "drive": ("run:drive", ""),
        "cell": ("cell:cell", "Energy by mass (Wh/kg) and volume (Wh/L) of a cell with Li metal."),
        "doctor": ("doctor:doctor", "Show what is installed, what is missing, and what to do."),
    }


class _Analyze(_LazyGroup):
    table: ClassVar = {
        "vacancy": ("analyze.vacancy_command:vacancy", "Vacancy formation energies."),
        "summary": ("analyze.summary_command:summary", "Energy, settings, gap, moments, problems."),
        "band-center": ("analyze.band_center_command:band_center", "Band centres of an orbital."),
        "charge-difference": (
            "analyze.charge_difference_command:charge_difference",
            "Charge-density difference of an interface.",
        ),
        "voltage": ("analyze.voltage_command:voltage", "Delithiation voltage."),
        "potential": ("analyze.potential_command:potential", "Vacuum levels and work functions."),
        "reaction": ("analyze.reaction_command:reaction", "Mixing reactions of pairs of phases."),
        "window": ("analyze.window_command:window", "Electrochemical window of each phase."),
    }


class _Hpc(_LazyGroup):
    table: ClassVar = {"init": ("hpc:init", "Write a jobflow-remote project.")}


app = typer.Typer(
    name="llo-dft",
    cls=_Main,
    help="Oxygen vacancies in Li-rich layered oxide cathodes, from a one-page recipe.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help needs half the time
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(
    typer.Typer(cls=_Analyze, help="Analyse finished calculations.", no_args_is_help=True),
    name="analyze",
)
app.add_typer(typer.Typer(cls=_Hpc, help="Set up a cluster.", no_args_is_help=True), name="hpc")


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
