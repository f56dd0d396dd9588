"""llo-dft analyze: results out of finished calculations."""

from __future__ import annotations

import typer

from llo_dft.cli import (
    analyze_band_center,
    analyze_charge_difference,
    analyze_potential,
    analyze_summary,
    analyze_vacancy,
    analyze_voltage,
)

app = typer.Typer(help="Analyse finished calculations.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Analyse finished calculations."""


app.command("vacancy")(analyze_vacancy.vacancy)
app.command("summary")(analyze_summary.summary)
app.command("band-center")(analyze_band_center.band_center)
app.command("charge-difference")(analyze_charge_difference.charge_difference)
app.command("voltage")(analyze_voltage.voltage)
app.command("potential")(analyze_potential.potential)
