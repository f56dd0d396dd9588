"""One cathode under several coatings: a study for each in its own folder, and a ranking.

A screen is a recipe with tables ``[coatings.NAME]``, each with what differs from ``[coating]``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from llo_dft.analysis.interface.coating_ranking import rank_coatings
from llo_dft.documents.coating_screen import CoatingScreen, ScreenedCoating
from llo_dft.documents.stability.phase_stability import PairReactivity, StabilityResult
from llo_dft.documents.study_result import StudyResult, VacancyPair
from llo_dft.errors import InputError
from llo_dft.recipe import NAME_PATTERN, Recipe, parse_recipe, read_toml
from llo_dft.report.figures.screen_figure import save_screen
from llo_dft.report.page.csv_tables import csv_text
from llo_dft.study.contacts.study_reactions import stored_reactions
from llo_dft.study.folder import StudyFolder, write_whole

#: Files of a screen, beside the folders of its studies.
SCREEN: Final = "screen.json"
SCREEN_TABLE: Final = "screen.csv"
SCREEN_FIGURE: Final = "screen.png"

#: Columns of the table that are the same for all O of a coating, and those of each O.
_OF_COATING: Final = (
    *("rank", "coating", "termination", "status", "film_formula", "area_angstrom2"),
    *("work_of_adhesion_j_per_m2", "coating_energy_j_per_m2"),
    *("n_former_bonds", "li_removed_for_charge"),
)
_OF_OXYGEN: Final = (
    *("holes_per_tm", "site", "site_class", "layer", "bonded_to_former", "bare_ev", "coated_ev"),
    *("difference_ev", "rebuilt"),
)
#: Columns of the reaction with the cathode, at full lithium and at the lowest known content.
_OF_REACTION: Final = tuple(
    f"reaction_{at}_{what}"
    for at in ("full", "last")
    for what in (
        *("lithium_fraction", "ev_per_atom", "mutual_ev_per_atom", "cathode_atom_share"),
        *("products", "missing_phases"),
    )
)
_OF_GAIN: Final = ("mean_ev", "worst_ev", "deviation_ev", "n_oxygens", "n_rebuilt")


def load_screen(path: Path) -> tuple[str, dict[str, Recipe]]:
    """Read a screen: its name, and the recipe of the study of each coating by the coating's name.

    Raises ``InputError`` if the file is missing, is not TOML, names no coatings, or one does not
    fit; one line for each fault.
    """
    fields = read_toml(path)
    coatings = fields.pop("coatings", None)
    if not isinstance(coatings, dict) or not coatings:
        raise InputError(
            f"{path} names no coatings to screen; expected tables [coatings.NAME], each with what "
            "differs from [coating]"
        )
    recipes: dict[str, Recipe] = {}
    for name, own in coatings.items():
        if not NAME_PATTERN.fullmatch(name) or not isinstance(own, dict):
            raise InputError(
                f"{path}: coatings.{name}: expected a table [coatings.NAME], NAME of letters, "
                "digits, spaces and . _ + -, at most 64 characters, beginning with a letter or "
                "digit"
            )
        recipes[name] = parse_recipe(_study_of(fields, name, own), f"{path}, coatings.{name}")
    return fields["study"]["name"], recipes


def _study_of(fields: dict[str, Any], name: str, own: dict[str, Any]) -> dict[str, Any]:
    common, study = fields.get("coating", {}), fields.get("study", {})
    made = fields | {"coating": common | own if isinstance(common, dict) else common}
    if isinstance(study, dict) and isinstance(study.get("name"), str):
        made["study"] = study | {"name": f"{study['name']} {name}"[:64]}
    return made


def write_screen(
    name: str, folder: Path, results: Mapping[str, StudyResult], refused: Mapping[str, str]
) -> CoatingScreen:
    """Rank the coatings, and write document, table and figure, with stored reactions.

    The folders of its studies are in ``folder``; ``results`` and ``refused`` are as for
    ``rank_coatings``.
    """
    reactions: dict[str, StabilityResult] = {}
    notes = []
    for coating in results:
        try:
            if found := stored_reactions(StudyFolder(folder / coating)):
                reactions[coating] = found
        except InputError as error:
            notes.append(f"{coating}: no reactions, {error}")
    screen = rank_coatings(name, results, refused, reactions)
    screen = screen.model_copy(update={"notes": [*screen.notes, *notes]})
    save_screen(screen, folder / SCREEN_FIGURE)
    write_whole(folder / SCREEN_TABLE, screen_table(screen))
    write_whole(folder / SCREEN, screen.model_dump_json(indent=1) + "\n")
    return screen


def screen_table(screen: CoatingScreen) -> str:
    """Return a screen as CSV: a row for each compared O, by coating and charge.

    ``mean_ev``, ``worst_ev`` and the like are of the O whose lattice stayed at that charge. A
    coating without a compared O has one row.
    """
    head = [*_OF_COATING, "strain_1", "strain_2", *_OF_OXYGEN, *_OF_GAIN]
    head += [*(_OF_REACTION if any(one.reactions for one in screen.coatings) else ()), "reasons"]
    lines = []
    for coating in screen.coatings:
        pairs: list[VacancyPair | None] = [*coating.pairs]
        lines += [_row(coating, pair) for pair in pairs or [None]]
    return csv_text(head, [[line.get(name) for name in head] for line in lines])


def _row(coating: ScreenedCoating, pair: VacancyPair | None) -> dict[str, Any]:
    row = {name: getattr(coating, name) for name in _OF_COATING}
    if coating.coating_strain is not None:
        row["strain_1"], row["strain_2"] = coating.coating_strain
    row["reasons"] = "; ".join(coating.reasons)
    if coating.reactions:
        pairs = sorted(coating.reactions.items(), reverse=True)
        row |= dict(zip(_OF_REACTION, [*_cells(*pairs[0]), *_cells(*pairs[-1])], strict=True))
    if pair is not None:
        row |= {name: getattr(pair, name) for name in _OF_OXYGEN}
        gain = coating.gain_at(pair.holes_per_tm)
        row |= {name: getattr(gain, name) for name in _OF_GAIN}
    return row


def _cells(lithium_fraction: float, pair: PairReactivity) -> list[float | str]:
    worst = pair.worst
    energies = (lithium_fraction, worst.energy_ev_per_atom, pair.mutual_ev_per_atom)
    names = ("; ".join(worst.products), "; ".join(pair.missing))
    return [*energies, worst.fraction_of_first, *names]
