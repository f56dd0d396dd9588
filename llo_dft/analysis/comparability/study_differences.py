"""Settings in which a study's calculations differ although one protocol made them all."""

from collections.abc import Sequence
from typing import Final

from llo_dft.analysis.comparability.fingerprints import (
    ComparabilityError,
    check_comparable,
    fingerprint_differences,
)
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import BULK

#: Not compared here: rounded divisions give cells of other shapes other spacings, and within one
#: cell the formation energy compares them.
_WITHOUT: Final = ("k_spacing_per_angstrom",)

_MOST_LABELS: Final = 3


def study_differences(made: StudyCalculations) -> list[str]:
    """Return the differences between a study's hosts and its other calculations, one line each.

    A line says if it forbids subtracting energies. Left out are single points and rankings, whose
    energies are not subtracted, and the crystal where no charged one gives a voltage.
    """
    hosts = (made.host(planned) for planned in made.plan.hosts)
    host = next((one for one in hosts if one.status == "completed"), None)
    if host is None:
        return []
    found: dict[str, list[str]] = {}
    for label, document in made.documents.items():
        if document.status != "completed" or document is host:
            continue
        if document.kind in {"static", "ranking"}:
            continue
        if label == BULK and not made.plan.bulk_hosts:
            continue
        reference = document.kind != "slab_relax"
        for one in fingerprint_differences(host, document, _WITHOUT, reference=reference):
            end = "; their energies may not be subtracted" if one.forbids else ""
            found.setdefault(f"{one.text}{end}", []).append(label)
    return [f"{host.label} and {first_names(labels)}: {text}" for text, labels in found.items()]


def why_no_reference(
    hosts: Sequence[CalculationDocument], reference: CalculationDocument
) -> str | None:
    """Return why a molecule's or metal's energy does not belong with hosts; None if it does."""
    host = next((one for one in hosts if one.status == "completed"), None)
    if host is None or reference.status != "completed":
        return None
    try:
        check_comparable(host, reference, relation="reference", without=_WITHOUT)
    except ComparabilityError as error:
        return str(error)
    return None


def first_names(labels: Sequence[str]) -> str:
    """Return the first few labels, and how many more there are."""
    more = len(labels) - _MOST_LABELS
    return ", ".join(labels[:_MOST_LABELS]) + (f" and {more} more" if more > 0 else "")
