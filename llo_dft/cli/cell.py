"""llo-dft cell: energy by mass and volume of a stack, against the thickness of its electrolyte."""

from pathlib import Path

import typer
from pydantic import ValidationError

from llo_dft.analysis.cell_stack import LEFT_OUT, USUAL_CATHODES, cell_energy, study_cathodes
from llo_dft.cli.options import AsJson, check_figure, parse_range
from llo_dft.cli.output.common import COMPLETE, print_document, print_remarks
from llo_dft.cli.output.terminal import number, print_table
from llo_dft.documents.stability.cell_energy import CathodeMaterial, CellParameters, CellResult
from llo_dft.errors import InputError
from llo_dft.report.figures.stability.energy_density import save_energies
from llo_dft.study.study_files import read_results


def cell(
    cathode: list[str] | None = typer.Option(
        None,
        help="NAME=CAPACITY:VOLTAGE:DENSITY in mAh/g, V, g/cm3 (default: usual cathodes).",
    ),
    *,
    study: list[Path] | None = typer.Option(
        None, help="Folder of a study: its cathode, up to the charge at which its oxygen leaves."
    ),
    density: float = typer.Option(4.3, min=0.1, help="Density of the study's cathode, g/cm3."),
    change: list[str] | None = typer.Option(
        None, "--set", help="PARAMETER=VALUE of the cell, in place of the default that is printed."
    ),
    thickness: str = typer.Option(
        "0:100:51", help="Thicknesses of the electrolyte, LO:HI:N in um."
    ),
    figure: Path | None = typer.Option(None, help="Draw the curves to this file."),
    as_json: AsJson = False,
) -> None:
    """Energy by mass (Wh/kg) and volume (Wh/L) of a cell with Li metal."""
    check_figure(figure)
    parameters = _parameters(change or [])
    microns = parse_range("--thickness", thickness)
    if microns[0] < 0:
        raise InputError(f"--thickness: an electrolyte of {microns[0]:g} um; expected 0 or more")
    materials = [_material(text) for text in cathode or []] or list(USUAL_CATHODES)
    notes: list[str] = []
    for folder in study or []:
        found, why_not = study_cathodes(read_results(folder / "results.json"), density)
        materials += found
        notes += why_not
    result = CellResult(
        parameters=parameters,
        cathodes=materials,
        cells=[cell_energy(one, parameters) for one in materials],
        curves={
            one.name: [
                cell_energy(one, parameters.model_copy(update={"electrolyte_thickness": t}))
                for t in microns
            ]
            for one in materials
        },
        left_out=LEFT_OUT,
        notes=notes,
    )
    if figure is not None:
        save_energies(result, figure)
    print_document(result, _print, as_json=as_json)
    raise typer.Exit(COMPLETE)


def _parameters(changes: list[str]) -> CellParameters:
    fields: dict[str, str] = {}
    for text in changes:
        name, equals, value = text.partition("=")
        if not equals or name not in CellParameters.model_fields:
            known = ", ".join(CellParameters.model_fields)
            raise InputError(f"--set {text}: expected PARAMETER=VALUE of {known}")
        fields[name] = value
    try:
        return CellParameters.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        raise InputError(f"--set {fault['loc'][0]}={fault['input']}: {fault['msg']}") from error


def _material(text: str) -> CathodeMaterial:
    name, _, numbers = text.partition("=")
    parts = numbers.split(":")
    names = ("capacity_mah_per_g", "voltage_v", "density_g_per_cm3")
    if not name or len(parts) != len(names):
        raise InputError(
            f"--cathode must be NAME=CAPACITY:VOLTAGE:DENSITY (mAh/g, V, g/cm3), got {text!r}"
        )
    fields = {"name": name, "source": "as given", **dict(zip(names, parts, strict=True))}
    try:
        return CathodeMaterial.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        raise InputError(f"--cathode {text}: {fault['loc'][0]}: {fault['msg']}") from error


def _print(result: CellResult) -> None:
    print_table(
        ["<cathode", "mAh/g", "V", "g/cm3", "Wh/kg", "Wh/L", "<source"],
        [
            [
                *(one.name, number(one.capacity_mah_per_g, 0), number(one.voltage_v, 2)),
                *(number(one.density_g_per_cm3, 2), number(energy.wh_per_kg, 0)),
                *(number(energy.wh_per_l, 0), one.source),
            ]
            for one, energy in zip(result.cathodes, result.cells, strict=True)
        ],
    )
    rows = []
    for name, about in type(result.parameters).model_fields.items():
        extra = about.json_schema_extra
        more = extra if isinstance(extra, dict) else {}
        value = f"{getattr(result.parameters, name):g}"
        rows.append([name, value, *(str(more[key]) for key in ("unit", "source"))])
    print_table(["<parameter", "value", "<unit", "<source of the default"], rows)
    typer.echo(f"left out: {result.left_out}")
    print_remarks([], result.notes)
