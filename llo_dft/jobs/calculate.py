"""One job: one calculation, asked for in the cache before it is computed."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jobflow import job
from pydantic import ValidationError

from llo_dft.cache import CalculationCache, calculation_key
from llo_dft.documents.calculation import CalculationDocument

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.typing import CalculationKind

#: Name that every calculation's job begins with; a progress display counts these.
CALCULATION = "calculate"


@job
def calculate(
    structure: Structure | str,
    maker: Any,  # noqa: ANN401 (a CalculationMaker; jobflow hands it over as JSON)
    label: str,
    folder: str,
) -> CalculationDocument:
    """Return the calculation of a structure, from the cache or computed.

    Parameters
    ----------
    structure
        What to compute, or the reason why there is none: then the calculation is skipped.
    maker
        A ``CalculationMaker`` of the engine.
    label
        What the calculation is in its study.
    folder
        The study's ``calculations`` folder, absolute.

    Returns
    -------
    A completed, failed or skipped calculation. Whatever goes wrong inside the engine becomes
    a failed one with its reason, so that the rest of the study goes on.
    """
    if isinstance(structure, str):
        return skipped(label, maker.kind, maker.protocol, structure)
    cache = CalculationCache(Path(folder))
    fingerprint = maker.fingerprint(structure)
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
        try:
            outcome = maker.calculate(structure, workspace)
            _check_sites(structure, outcome.structure)
            document = CalculationDocument(
                **common,
                status="completed",
                energy_ev=outcome.energy_ev,
                structure=outcome.structure,
                max_force_ev_per_angstrom=outcome.max_force_ev_per_angstrom,
                magmoms_mu_b=outcome.magmoms_mu_b,
                n_steps=outcome.n_steps,
                n_evaluations=outcome.n_evaluations,
                wall_s=time.monotonic() - started,
            )
        except Exception as error:  # noqa: BLE001 (an engine may raise anything; its reason is kept)
            (workspace / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            document = CalculationDocument(
                **common,
                status="failed",
                reason=_reason(error),
                wall_s=time.monotonic() - started,
            )
        return cache.store(document, workspace)


def skipped(label: str, kind: CalculationKind, protocol: str, reason: str) -> CalculationDocument:
    """Return the document of a calculation that was not tried, and why."""
    return CalculationDocument(
        key="",
        label=label,
        kind=kind,
        status="skipped",
        reason=reason,
        fingerprint=None,
        protocol=protocol,
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
    name = type(error).__name__
    return text if name == "CalculationError" else f"{name}: {text}"
