"""The numbers of each figure as CSV, under their names in results.json."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from llo_dft.documents.electrons.charge import PlanarProfile
from llo_dft.documents.state_of_charge import PredictedEnergy
from llo_dft.documents.study_result import StudyResult
from llo_dft.report.page.page_content import CalculationRow, Densities

#: Fields of a vacancy's environment in its row.
_AROUND: Final = ("n_tm", "n_li", "n_former", "n_li_interlayer", "layer", "side")


def vacancies_csv(result: StudyResult) -> str:
    """Return a row for each vacancy; columns are named as in ``report.tables.vacancy_table``."""
    schemes = sorted({s for h in result.hosts for v in h.vacancies for s in v.alternatives_ev})
    scheme = None if result.oxygen is None else result.oxygen.scheme
    some = any(host.predicted for host in result.hosts)
    predicted = list(PredictedEnergy.model_fields) if some else []
    head = [
        *("engine", "system", "termination", "holes_per_tm", "lithium_fraction"),
        *("capacity_mah_per_g", "n_holes", "pair", "site", "site_class"),
        *(f"environment.{name}" for name in _AROUND),
        *("formation_energy_ev", "oxygen_scheme", *(f"alternatives_ev.{one}" for one in schemes)),
        *("status", "reason", "rebuilt", "flags"),
        *(f"predicted.{name}" for name in predicted),
    ]
    rows = [
        [
            *(_mark(result), host.system, host.termination, host.holes_per_tm),
            *(host.lithium_fraction, host.capacity_mah_per_g, host.n_holes),
            *(one.pair, one.site, one.site_class),
            *(getattr(one.environment, name, None) for name in _AROUND),
            *(one.formation_energy_ev, scheme, *map(one.alternatives_ev.get, schemes)),
            *(one.status, one.reason, one.rebuilt, "; ".join(one.flags)),
            *(getattr(one.predicted, name, None) for name in predicted),
        ]
        for host in result.hosts
        for one in host.vacancies
    ]
    return csv_text(head, rows)


def pairs_csv(result: StudyResult) -> str:
    """Return a line for each O in bare and coated at equal charge."""
    names = ["termination", "holes_per_tm", "capacity_mah_per_g", "lithium_fraction_bare"]
    names += ["lithium_fraction_coated", "pair", "site", "bare_site", "site_class"]
    names += ["bonded_to_former", "bare_ev", "coated_ev", "difference_ev", "rebuilt"]
    rows = [[_mark(result), *(getattr(pair, name) for name in names)] for pair in result.pairs]
    return csv_text(["engine", *names], rows)


def voltages_csv(result: StudyResult) -> str:
    """Return a line for each step of each system."""
    names = ["lithium_fraction_from", "lithium_fraction_to", "n_li", "voltage_v"]
    rows = [
        [_mark(result), one.system, one.termination, *(getattr(step, name) for name in names)]
        for one in result.voltages
        if one.curve is not None
        for step in one.curve.steps
    ]
    return csv_text(["engine", "system", "termination", *names], rows)


def densities_csv(found: Densities) -> str:
    """Return a line for each energy, from the reference; a column for each class and spin."""
    names, columns = [], []
    for name, spins in found.classes.items():
        for spin, density in zip(("up", "down"), spins, strict=False):
            names.append(f"{name} {spin} (1/eV per atom)")
            columns.append(density)
    zero = found.centers.reference_ev
    energies = [float(energy) - zero for energy in found.energies_ev]
    head = [f"energy_ev (from {found.centers.reference})", *names]
    return csv_text(head, zip(energies, *columns, strict=True))


def planar_csv(planar: PlanarProfile) -> str:
    """Return a line for each plane of a charge difference."""
    rows = zip(planar.coordinate_angstrom, planar.line_density_e_per_angstrom, strict=True)
    return csv_text(["coordinate_angstrom", "line_density_e_per_angstrom"], rows)


def calculations_csv(rows: Sequence[CalculationRow]) -> str:
    """Return a line for each calculation."""
    head = ["label", "status", "kind", "n_atoms", "n_evaluations", "max_force_ev_per_angstrom"]
    return csv_text(
        [*head, "wall_s", "remarks"],
        [
            [
                *(one.label, one.status, one.kind, one.n_atoms, one.n_evaluations),
                *(one.force_ev_per_angstrom, one.wall_s, "; ".join(one.remarks)),
            ]
            for one in rows
        ],
    )


def _mark(result: StudyResult) -> str:
    return f"MOCK {result.engine}" if result.mock else result.engine


def csv_text(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as CSV; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([head, *rows])
    return text.getvalue()
