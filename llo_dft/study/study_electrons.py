"""The electronic results of a study's hosts and interfaces, from its static calculations."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llo_dft.analysis.electronic.site_band_centers import SiteDensities
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.calculations.cache import link_or_copy
from llo_dft.documents.atom_identity import coating_places, places
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.electrons.charge import ChargeDifference, ChargeDifferenceResult
from llo_dft.documents.electrons.electronic import BandCenterResult, BandCenters, ReferenceLevel
from llo_dft.documents.electrons.local_potential import PotentialSummary
from llo_dft.documents.labels import charge_difference_folder, density_of_states_file, static_label
from llo_dft.documents.plan import PlannedHost, PlannedStatic
from llo_dft.engines.calculated_electrons import CalculatedElectrons
from llo_dft.engines.registry import engine_from
from llo_dft.errors import InputError
from llo_dft.report.figures.density_of_states import save_density_of_states
from llo_dft.report.figures.figure_parts import VECTOR_SUFFIXES
from llo_dft.runs.charge_difference import DOCUMENT, charge_difference, write_charge_difference
from llo_dft.runs.orbital_centers import centers_of
from llo_dft.runs.potential_levels import potential_of
from llo_dft.study.folder import StudyFolder

#: Element and orbital of the band centres.
_ORBITAL: Final = ("O", "p")


@dataclass(frozen=True)
class Electrons:
    """Results of the static calculations of a study."""

    band_centers: list[BandCenterResult] = field(default_factory=list)
    charge_differences: list[ChargeDifferenceResult] = field(default_factory=list)


def read_electrons(
    study: StudyCalculations, folder: StudyFolder, into: Path | None = None
) -> Electrons:
    """Return band centres and charge differences; unavailable ones have a reason.

    Figures and grids of these numbers are written into the folder ``into``; None: none are.
    """
    hosts = {host.label: host for host in study.plan.hosts}
    statics = study.plan.statics
    return Electrons(
        [
            _band_centers(study, folder, static, hosts[static.host], into)
            for static in statics
            if static.part is None
        ],
        [
            _charge_difference(study, folder, hosts[static.host], into)
            for static in statics
            if static.part == "coating"
        ],
    )


def _band_centers(
    study: StudyCalculations,
    folder: StudyFolder,
    static: PlannedStatic,
    host: PlannedHost,
    into: Path | None,
) -> BandCenterResult:
    calculation = study.documents[static.label]
    centers, figure, reason = None, None, _why_not(calculation)
    if reason is None:
        try:
            centers, densities = host_densities(study, folder, host)
        except InputError as error:
            reason = str(error)
        else:
            figure = density_of_states_file(host.label)
            if into is not None:
                save_density_of_states(densities, centers, into / figure, also=VECTOR_SUFFIXES)
    return BandCenterResult(
        system=host.system,
        termination=host.termination,
        lithium_fraction=host.lithium_fraction,
        centers=centers,
        figure=figure,
        reason=reason,
        calculation=calculation.key or None,
    )


def _charge_difference(
    study: StudyCalculations, folder: StudyFolder, host: PlannedHost, into: Path | None
) -> ChargeDifferenceResult:
    """Return the charge moved when a pristine interface was formed."""
    termination = str(host.termination)
    name = charge_difference_folder(termination)
    try:
        files, made = interface_densities(study, folder, host)
        document, grids = charge_difference(files, coating="b", calculations=made)
        if into is not None and _is_of(folder.path / name, document):
            shutil.copytree(folder.path / name, into / name, copy_function=link_or_copy)
        elif into is not None:
            write_charge_difference(into / name, document, grids)
    except InputError as error:
        return ChargeDifferenceResult(termination=termination, reason=str(error))
    return ChargeDifferenceResult(
        termination=termination,
        coating_charge_e=study.plan.candidates(termination)[0].coating_charge,
        electrons_moved=document.absolute_e,
        residual_e=document.residual_e,
        folder=name,
    )


def host_densities(
    study: StudyCalculations,
    folder: StudyFolder,
    host: PlannedHost,
    orbital: tuple[str, str] = _ORBITAL,
    reference: ReferenceLevel = "vbm",
    fixed: tuple[float, float] | None = None,
) -> tuple[BandCenters, SiteDensities]:
    """Return the band centres of a host, of O 2p by default, and the densities that they are of.

    Raises ``InputError`` if its static calculation can't be read or has no band edges.
    """
    calculation = study.documents[static_label(host.label)]
    if reason := _why_not(calculation):
        raise InputError(f"{calculation.label}: {reason}")
    found = electrons_of(folder, calculation).states(*orbital)
    classes = _classes(study, host)
    return centers_of(found, orbital, reference, fixed, classes=classes, label=host.label)


def interface_densities(
    study: StudyCalculations, folder: StudyFolder, host: PlannedHost
) -> tuple[tuple[Path, Path, Path], list[CalculationDocument]]:
    """Return the densities of a pristine interface, its oxide and its coating; their calculations.

    Raises ``InputError`` if a static calculation failed or is missing, or its density can't be
    read.
    """
    labels = [static_label(host.label, part) for part in (None, "oxide", "coating")]
    made = [study.documents[label] for label in labels]
    if faults := [f"{one.label}: {_why_not(one)}" for one in made if one.status != "completed"]:
        raise InputError("; ".join(faults))
    whole, oxide, coating = (electrons_of(folder, one).density for one in made)
    return (whole, oxide, coating), made


def static_potential(
    study: StudyCalculations,
    folder: StudyFolder,
    label: str,
    axis: int,
    windows_angstrom: Sequence[float] | None,
) -> PotentialSummary:
    """Return the levels in the local potential of a static calculation; see ``potential_of``.

    Raises ``InputError`` if the calculation is not completed, or its files can't be read.
    """
    calculation = study.documents[label]
    if reason := _why_not(calculation):
        raise InputError(f"{label}: {reason}")
    electrons = electrons_of(folder, calculation)
    states = electrons.states(*_ORBITAL)
    return potential_of(
        electrons.potential,
        axis=axis,
        windows_angstrom=windows_angstrom,
        states=states,
        label=label,
    )


def electrons_of(folder: StudyFolder, calculation: CalculationDocument) -> CalculatedElectrons:
    """Return the electrons of a calculation of a study, by the engine of its recipe."""
    engine = engine_from(folder.recipe().engine)
    return engine.electrons(folder.calculations / calculation.key)


def _is_of(written: Path, document: ChargeDifference) -> bool:
    """Return whether files written before have the same numbers."""
    try:
        text = (written / DOCUMENT).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return text == document.model_dump_json(indent=1) + "\n"


def _classes(study: StudyCalculations, host: PlannedHost) -> dict[int, str]:
    """Return the class of each O of a host, by its site there."""
    structure = study.host(host).structure
    if structure is None:
        return {}
    found = dict.fromkeys(coating_places(structure), "coating")
    around = study.environments(host)
    bonded = study.bonds_to_former(host)
    for bare, site in places(structure).items():
        if bare in around:
            name = f"{host.classes[bare]} {around[bare].layer}"
            found[site] = f"{name}, bonded to the coating" if bare in bonded else name
    return found


def _why_not(calculation: CalculationDocument) -> str | None:
    if calculation.status == "completed":
        return None
    return calculation.reason or f"its calculation is {calculation.status}"
