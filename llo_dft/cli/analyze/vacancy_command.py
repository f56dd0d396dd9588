"""llo-dft analyze vacancy: formation energies, of a study or of plain VASP runs."""

from pathlib import Path
from typing import cast

import typer

from llo_dft.analysis.oxygen.gas import MAX_TEMPERATURE_K, MIN_TEMPERATURE_K
from llo_dft.analysis.vacancy.vacancy_map import vacancy_map
from llo_dft.cli.options import Allow, AsJson, CoatingLi, LithiumFull, check_figure, parse_range
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_document
from llo_dft.cli.output.study_tables import print_study, report_problems
from llo_dft.documents.study_result import StudyResult
from llo_dft.errors import InputError
from llo_dft.report.figures.formation_energy_curve import save_vacancy_curve
from llo_dft.runs.run_vacancies import OxygenRequest, VacancyOptions, vacancy_runs
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import reanalyze
from llo_dft.study.vacancy_map_file import MAP_SUFFIXES, write_map
from llo_dft.typing import OxideKind, OxygenScheme

#: Default reservoir of plain runs: that of a recipe.
TEMPERATURE_K, PRESSURE_BAR = 298.15, 1.0

#: Default axes of a map.
TEMPERATURES, PRESSURES = "300:1200:91", "1e-10:10:56"


def vacancy(  # noqa: PLR0913 (each is an option of the command)
    paths: list[Path] = typer.Argument(
        None, help="Folder of a study that was run; with --host, runs of further vacancies."
    ),
    *,
    host: list[Path] = typer.Option(
        None, help="VASP run of a host without vacancy; repeat for each host."
    ),
    vacancies: list[Path] = typer.Option(
        None, "--vacancy", help="VASP run of a host with O removed; repeat, or list the folders."
    ),
    o2: Path | None = typer.Option(None, help="VASP run of the O2 molecule."),
    o2_energy: float | None = typer.Option(None, help="Or the energy of O2, eV per molecule."),
    scheme: str | None = typer.Option(
        None, help="O2 scheme: none, wang2006, mp2020 or potential (of a study: the recipe's)."
    ),
    oxide_kind: str | None = typer.Option(
        None, help="Kind of the removed O for mp2020: oxide (default), peroxide or superoxide."
    ),
    temperature: float | None = typer.Option(
        None, help=f"Temperature in K (default: the recipe's, or {TEMPERATURE_K})."
    ),
    pressure: float | None = typer.Option(
        None, help=f"Pressure of O2 in bar (default: the recipe's, or {PRESSURE_BAR})."
    ),
    tm_layers: int | None = typer.Option(
        None, help="Number of O-TM-O sheets of the oxide, to classify the removed O."
    ),
    lithium_full: LithiumFull = None,
    coating_li: CoatingLi = 0,
    allow: Allow = None,
    figure: Path | None = typer.Option(
        None, help="Draw E_f against the state of charge to this file: .png, .pdf or .svg."
    ),
    map_file: Path | None = typer.Option(
        None, "--map", help="Write E_f(T, p) to this file: .png, .pdf, .svg, .csv or .npz."
    ),
    temperatures: str | None = typer.Option(
        None, help=f"Temperatures of the map, LO:HI:N in K (default: {TEMPERATURES})."
    ),
    pressures: str | None = typer.Option(
        None, help=f"Pressures of the map, LO:HI:N in bar, logarithmic (default: {PRESSURES})."
    ),
    as_json: AsJson = False,
) -> None:
    """Vacancy formation energies: of a study for another O2 reservoir, or of plain VASP runs.

    --host and --vacancy take runs from any source. Nothing is computed again, and a study's
    own results.json stays as it is.
    """
    for_runs = {
        "vacancy": vacancies,
        "o2": o2,
        "o2-energy": o2_energy,
        "tm-layers": tm_layers,
        "lithium-full": lithium_full,
        "coating-li": coating_li,
        "allow": allow,
    }
    check_figure(figure)
    temperatures_k, pressures_bar = _axes(map_file, temperatures, pressures, as_json=as_json)
    if host:
        given = [*(vacancies or []), *(paths or [])]
        if not given:
            raise InputError("--host needs at least one --vacancy DIR made from it")
        options = VacancyOptions(
            tm_layers=tm_layers,
            lithium_full=lithium_full,
            coating_li=coating_li,
            allow=tuple(allow or ()),
            temperatures_k=temperatures_k,
            pressures_bar=pressures_bar,
        )
        if scheme is None:
            raise InputError(
                "plain runs need an O2 --scheme: wang2006 or mp2020 for PBE and PBE+U, none "
                "for others"
            )
        request = OxygenRequest(
            scheme=cast("OxygenScheme", scheme),
            oxide_kind=cast("OxideKind", oxide_kind or "oxide"),
            temperature_k=TEMPERATURE_K if temperature is None else temperature,
            pressure_bar=PRESSURE_BAR if pressure is None else pressure,
            o2=o2,
            o2_energy_ev=o2_energy,
        )
        result = vacancy_runs(host, given, request, options)
    else:
        if misplaced := [name for name, value in for_runs.items() if value]:
            raise InputError(
                f"--{misplaced[0]} is for plain runs and needs --host; a study has its own"
            )
        if paths is None or len(paths) != 1:
            raise InputError(
                "expected the folder of one study, or --host DIR with --vacancy DIR for plain "
                f"runs; got {len(paths or [])} folders"
            )
        conditions = {"temperature_k": temperature, "pressure_bar": pressure}
        folder = StudyFolder(paths[0])
        result = reanalyze(folder, scheme=scheme, oxide_kind=oxide_kind, **conditions)
        if temperatures_k and pressures_bar and result.oxygen is not None:
            grid = vacancy_map(result.hosts, result.oxygen, temperatures_k, pressures_bar)
            result = result.model_copy(update={"vacancy_map": grid})
    _draw(result, figure)
    if map_file is not None and result.vacancy_map is not None and result.vacancy_map.hosts:
        write_map(result, map_file)
    elif map_file is not None:
        typer.echo(f"llo-dft: {map_file} not written: there is no formation energy", err=True)
    print_document(result, print_study, as_json=as_json)
    if result.study is None:
        report_problems(result)
    raise typer.Exit(COMPLETE if result.is_complete else INCOMPLETE)


def _axes(
    file: Path | None, temperatures: str | None, pressures: str | None, *, as_json: bool
) -> tuple[list[float], list[float]]:
    """Return the axes of the map; none if none was asked for."""
    check_figure(file, MAP_SUFFIXES, "--map")
    if file is None and temperatures is None and pressures is None:
        return [], []
    if file is None and not as_json:
        raise InputError("--temperatures and --pressures go with --map FILE or --json; give one")
    axis_k = parse_range("--temperatures", temperatures or TEMPERATURES)
    if axis_k[0] < MIN_TEMPERATURE_K or axis_k[-1] > MAX_TEMPERATURE_K:
        raise InputError(
            f"--temperatures must lie from {MIN_TEMPERATURE_K:g} to {MAX_TEMPERATURE_K:g} K, where "
            f"the fit for O2 holds; got {temperatures!r}"
        )
    return axis_k, parse_range("--pressures", pressures or PRESSURES, logarithmic=True)


def _draw(result: StudyResult, file: Path | None) -> None:
    if file is None:
        return
    if any(h.formation_energies_ev for h in result.hosts if h.lithium_fraction is not None):
        save_vacancy_curve(result, file)
    else:
        typer.echo(
            f"llo-dft: {file} not drawn: no formation energy at a known lithium fraction", err=True
        )
