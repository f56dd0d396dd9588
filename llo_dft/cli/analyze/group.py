"""llo-dft analyze: results of finished calculations."""

import typer

from llo_dft.cli.analyze import (
    band_center_command,
    charge_difference_command,
    potential_command,
    reaction_command,
    summary_command,
    vacancy_command,
    voltage_command,
    window_command,
)

app = typer.Typer(help="Analyse finished calculations.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Analyse finished calculations."""


app.command("vacancy")(vacancy_command.vacancy)
app.command("summary")(summary_command.summary)
app.command("band-center")(band_center_command.band_center)
app.command("charge-difference")(charge_difference_command.charge_difference)
app.command("voltage")(voltage_command.voltage)
app.command("potential")(potential_command.potential)
app.command("reaction")(reaction_command.reaction)
app.command("window")(window_command.window)
