"""One job: one calculation, asked for in the cache before it is computed."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jobflow import job
from pydantic import ValidationError

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.calculations.cache import CalculationCache, calculation_key
from llo_dft.documents.calculation import CalculationDocument, not_computed
from llo_dft.errors import CalculationError, InputError
from llo_dft.jobs.check_files import checked_fingerprint

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.engines.base import CalculationMaker

#: Name that every calculation's job begins with; a progress display counts these.
CALCULATION = "calculate"


@job
def calculate(
    structure: Structure | str,
    maker: CalculationMaker,
    label: str,
    folder: str,
) -> CalculationDocument:
    """Return the calculation of a structure, from the cache or computed.

    Parameters
    ----------
    structure
        What to compute, or the reason why there is none: then the calculation is skipped.
    maker
        Of an engine.
    label
        What the calculation is in its study.
    folder
        The study's ``calculations`` folder, absolute.

    Returns
    -------
    A completed, failed or skipped calculation. Any exception of the engine becomes a failed one
    with its reason, so that the rest of the study is computed.
    """
    cache = CalculationCache(Path(folder))
    if isinstance(structure, str):
        return _skipped(cache, label, maker, structure)
    given = structure
    try:
        if maker.magnetic_order is not None:
            structure = with_initial_moments(structure, maker.magnetic_order)
        fingerprint = maker.fingerprint(structure)
    except ValueError as error:  # an element, or a cell, that the settings do not suit
        return _skipped(cache, label, maker, f"can't be computed: {error}")
    key = calculation_key(structure, fingerprint, maker.kind, maker.protocol, maker.settings())
    known = cache.completed(key)
    if known is not None:
        cache.note_reuse(key, label)
        return known.model_copy(update={"label": label})
    common: dict[str, Any] = {
        "key": key,
        "label": label,
        "kind": maker.kind,
        "fingerprint": fingerprint,
        "protocol": maker.protocol,
        "initial_structure": structure,
    }
    cache.note_start(key, label)
    started = time.monotonic()
    with cache.workspace(key) as workspace:
        cache.hand_over(key, workspace)
        try:
            outcome = maker.calculate(structure, workspace)
            _check_sites(structure, outcome.structure)
            found = maker.read_back(workspace)
            used = checked_fingerprint(found, fingerprint, outcome.energy_ev)
            document = CalculationDocument(
                **{**common, "fingerprint": used},
                status="completed",
                energy_ev=outcome.energy_ev,
                structure=_with_properties_of(given, outcome.structure),
                max_force_ev_per_angstrom=outcome.max_force_ev_per_angstrom,
                magmoms_mu_b=outcome.magmoms_mu_b,
                n_steps=outcome.n_steps,
                n_evaluations=outcome.n_evaluations,
                corrections=outcome.corrections,
                output_files=outcome.output_files,
                mock=found is not None and found.mock,
                wall_s=time.monotonic() - started,
            )
        except Exception as error:  # noqa: BLE001 (an engine may raise anything; its reason is kept)
            (workspace / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            document = CalculationDocument(
                **common,
                status="failed",
                reason=_reason(error),
                corrections=error.corrections if isinstance(error, CalculationError) else [],
                wall_s=time.monotonic() - started,
            )
        return cache.store(document, workspace)


def _skipped(
    cache: CalculationCache, label: str, maker: CalculationMaker, reason: str
) -> CalculationDocument:
    """Return the document of a calculation that is not tried, and put the reason on record."""
    cache.note_without_result(label, "skipped", reason)
    return not_computed(label, "skipped", reason, maker.kind, maker.protocol)


def _with_properties_of(given: Structure, final: Structure) -> Structure:
    """Return the final structure with the given one's site properties.

    Moments to start from belong to a lithium content: what starts from this structure gets its
    own.
    """
    return type(final)(
        final.lattice, final.species, final.frac_coords, site_properties=given.site_properties
    )


def _check_sites(initial: Structure, final: Structure) -> None:
    """Refuse a result whose sites are not those it began with: the plan's indices name them."""
    before, after = ([site.specie.symbol for site in s] for s in (initial, final))
    if before != after:
        raise ValueError(
            f"the engine returned {final.formula} where {initial.formula} was given, or its atoms "
            "in another order"
        )
    if not (np.isfinite(final.lattice.matrix).all() and np.isfinite(final.frac_coords).all()):
        raise ValueError("the engine returned a structure with coordinates that are no numbers")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        faults = [
            f"{'.'.join(map(str, fault['loc']))} = {fault['input']!r}"
            if fault["loc"]
            else fault["msg"]
            for fault in error.errors()
        ]
        return f"the engine returned what can't be a result: {', '.join(faults)}"
    text = " ".join(str(error).split()) or "no message"
    meant_for_people = isinstance(error, InputError | CalculationError)
    return text if meant_for_people else f"{type(error).__name__}: {text}"
