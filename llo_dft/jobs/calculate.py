"""One job: one calculation, looked up in the cache before it is computed."""

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from jobflow import job
from pydantic import ValidationError
from pymatgen.core.structure import Structure

from llo_dft.calculations.cache import CalculationCache, Event, calculation_key
from llo_dft.documents.calculation import Asked, CalculationDocument, not_computed
from llo_dft.documents.labels import potential_label
from llo_dft.engines.base import (
    CalculationMaker,
    MagneticMaker,
    PreRelaxingMaker,
    ProgramMaker,
    check_version,
)
from llo_dft.errors import CalculationError, InputError
from llo_dft.jobs.check_files import checked_fingerprint
from llo_dft.jobs.starts import Start, starting_geometries, starts

#: Starts that end this near to the lowest, eV, are alike, and the first of them is taken: which
#: one lies 0.1 meV lower is chance, but all that follows is computed from it.
ALIKE_EV: Final = 1e-3

#: Prefix of the name of every calculation's job; a progress display counts these.
CALCULATION = "calculate"


@job
def calculate(
    structure: Structure | str,
    maker: CalculationMaker,
    label: str,
    folder: str,
    parent: CalculationDocument | None = None,
) -> CalculationDocument:
    """Return the calculation of a structure, from the cache or computed.

    If there are several ways to start it (``llo_dft.jobs.starts``), each is a separate calculation
    in the cache, and the one of lowest energy is returned. Where a potential relaxes first, it
    decides between geometries.

    ``structure`` is what to compute, or the reason why there is none: then the calculation is
    skipped. ``label`` is its name in the study, ``folder`` the study's ``calculations`` folder,
    absolute. ``parent`` is the calculation that the structure was made from; None: none with
    similar electrons.

    The calculation is completed, failed or skipped. Any exception of the engine becomes a failed
    one with its reason, so that the rest of the study is computed.
    """
    cache = CalculationCache(Path(folder))
    if isinstance(structure, str):
        return skipped(cache, label, maker, structure)
    try:
        geometries = starting_geometries(structure, maker, parent)
        if len(geometries) > 1 and isinstance(maker, PreRelaxingMaker):
            potential = maker.potential_for(structure)
            geometries = [_lowest_geometry(cache, potential, geometries, label)]
        begun = [
            _begun(start, maker, structure)
            for start in starts(structure, maker, parent, cache.folder)
            for start in start.in_each(geometries)
        ]
    except ValueError as error:  # an element or a cell that the settings don't suit
        return skipped(cache, label, maker, f"can't be computed: {error}")
    if len(begun) == 1:
        return _one_start(cache, begun[0], label)
    return _lowest(cache, begun, label)


@dataclass(frozen=True)
class Request:
    """A calculation that a maker is asked for, and its key."""

    structure: Structure
    maker: CalculationMaker
    asked: Asked

    @cached_property
    def key(self) -> str:
        """Its key in the cache."""
        maker = self.maker
        return calculation_key(self.structure, maker.kind, maker.protocol, self.asked)


@dataclass(frozen=True)
class _Begun:
    """One start of a calculation: ``given`` is the structure without the start's additions."""

    start: Start
    given: Structure
    request: Request


def _begun(start: Start, maker: CalculationMaker, given: Structure) -> _Begun:
    electrons = ""
    if start.electrons is not None:
        what = "density and wave functions" if start.electrons.density else "wave functions"
        electrons = f"{what} of {start.parent}"
    asked = Asked(
        fingerprint=maker.fingerprint(start.structure),
        settings=maker.settings(),
        electrons=electrons,
    )
    return _Begun(start, given, Request(start.structure, maker, asked))


def _lowest_geometry(
    cache: CalculationCache,
    potential: CalculationMaker | None,
    geometries: Sequence[Start],
    label: str,
) -> Start:
    """Return the geometry whose relaxation by a potential ends lowest; without one, the first."""
    if potential is None:
        return geometries[0]
    given = geometries[0].structure
    begun = [_begun(one, potential, given) for one in geometries]
    lowest = _lowest(cache, begun, potential_label(label))
    return next(one.start for one in begun if one.request.key == lowest.key)


def _lowest(cache: CalculationCache, begun: list[_Begun], label: str) -> CalculationDocument:
    """Compute every start and return that of lowest energy, with the others in its notes.

    Of those that end alike it is the first.

    One that was stopped midway leaves the choice open: it is returned, to be resumed. If one
    failed otherwise the reason is noted; if none completed, the first is returned.
    """
    keys = [one.request.key for one in begun]
    known = all(map(cache.has_completed, keys))
    if not known:
        # a key without a folder: the calculation runs until all its starts have ended
        cache.note("started", label, "-".join(keys))
    made = [_one_start(cache, one, f"{label}, {one.start.name}") for one in begun]
    open_ones = [one for one in made if cache.can_resume(one.key)]
    completed = [one for one in made if one.energy_ev is not None]
    notes: list[str] = []
    if open_ones:
        chosen = open_ones[0]
    elif completed:
        energies = [cast("float", one.energy_ev) for one in completed]
        chosen = completed[next(i for i, e in enumerate(energies) if e < min(energies) + ALIKE_EV)]
        notes = [_compared(chosen, dict(zip((one.start.name for one in begun), made, strict=True)))]
    else:
        chosen = made[0]
    chosen = chosen.model_copy(update={"label": label, "notes": [*chosen.notes, *notes]})
    event: Event = "reused" if known else "completed"
    if chosen.status != "completed":
        event = "failed"
    cache.note(event, label, chosen.key, "; ".join(notes))
    return chosen


def _compared(chosen: CalculationDocument, made: dict[str, CalculationDocument]) -> str:
    """Return in words which start is the lowest, and how far the others are above."""
    best, others = "", []
    for name, one in made.items():
        if one is chosen:
            best = name
        elif one.energy_ev is None:
            others.append(f"{name} {one.status} ({one.reason})")
        else:
            above = one.energy_ev - cast("float", chosen.energy_ev)
            others.append(f"{name} {max(above, 0.0):.3f} eV higher")
    return f"lowest of {len(made)} starts: {best}; {', '.join(others)}"


def _one_start(cache: CalculationCache, begun: _Begun, label: str) -> CalculationDocument:
    """Return one start of a calculation, from the cache or computed."""
    document = from_cache_or_computed(cache, begun.request, label, partial(_computed, cache, begun))
    if document.status != "completed":
        return document
    # the identities of atoms are not in the key: the given structure has them
    structure = _with_properties_of(begun.given, cast("Structure", document.structure))
    return document.model_copy(update={"structure": structure})


def from_cache_or_computed(
    cache: CalculationCache,
    request: Request,
    label: str,
    compute: Callable[[Path], dict[str, Any]],
) -> CalculationDocument:
    """Return a calculation from the cache, or computed and stored there.

    ``compute`` works in the folder that it is given, and returns the fields of a completed document
    about the outcome. Any exception that it raises becomes a failed document with its reason.
    """
    key, maker = request.key, request.maker
    known = cache.completed(key)
    if known is not None:
        cache.note("reused", label, key)
        return known.model_copy(update={"label": label})
    common: dict[str, Any] = {
        "key": key,
        "label": label,
        "kind": maker.kind,
        "fingerprint": request.asked.fingerprint,
        "asked": request.asked,
        "protocol": maker.protocol,
        "initial_structure": request.structure,
    }
    cache.note("started", label, key)
    started = time.monotonic()
    with cache.workspace(key) as workspace:
        cache.hand_over(key, workspace)
        try:
            document = CalculationDocument(
                **{**common, **compute(workspace)},
                status="completed",
                wall_s=time.monotonic() - started,
            )
        except Exception as error:  # noqa: BLE001 (an engine may raise anything; its reason is kept)
            (workspace / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            document = CalculationDocument(
                **common,
                status="failed",
                reason=_failure_reason(error),
                corrections=error.corrections if isinstance(error, CalculationError) else [],
                wall_s=time.monotonic() - started,
            )
        return cache.store(document, workspace)


def _computed(cache: CalculationCache, begun: _Begun, workspace: Path) -> dict[str, Any]:
    """Compute, and return the fields of a document about the outcome."""
    structure, maker, asked = begun.start.structure, begun.request.maker, begun.request.asked
    engine = asked.fingerprint.engine
    if isinstance(maker, ProgramMaker):
        maker = maker.held_to(cache.engine_version(engine))
    if isinstance(maker, MagneticMaker):
        outcome = maker.calculate(structure, workspace, begun.start.electrons)
    else:
        outcome = maker.calculate(structure, workspace)
    _check_sites(structure, outcome.structure)
    found = maker.read_back(workspace)
    used = checked_fingerprint(found, asked.fingerprint, outcome.energy_ev)
    # looked up again: others may have ended meanwhile
    check_version(used.engine_version, cache.engine_version(engine))
    return {
        "fingerprint": used,
        "energy_ev": outcome.energy_ev,
        "structure": _with_properties_of(begun.given, outcome.structure),
        "max_force_ev_per_angstrom": outcome.max_force_ev_per_angstrom,
        "magmoms_mu_b": outcome.magmoms_mu_b,
        "n_steps": outcome.n_steps,
        "n_evaluations": outcome.n_evaluations,
        "n_pre_steps": outcome.n_pre_steps,
        "rattle_gain_ev": outcome.rattle_gain_ev,
        "corrections": outcome.corrections,
        "notes": outcome.notes,
        "output_files": outcome.output_files,
        "mock": found is not None and found.mock,
    }


def skipped(
    cache: CalculationCache, label: str, maker: CalculationMaker, reason: str
) -> CalculationDocument:
    """Return the document of a skipped calculation, and record the reason."""
    cache.note("skipped", label, reason=reason)
    return not_computed(label, "skipped", reason, maker.kind, maker.protocol)


def _with_properties_of(given: Structure, final: Structure) -> Structure:
    """Return the final structure with the given one's site properties.

    Initial moments belong to a lithium content: what starts from this structure gets its own.
    """
    return type(final)(
        final.lattice, final.species, final.frac_coords, site_properties=given.site_properties
    )


def _check_sites(initial: Structure, final: Structure) -> None:
    """Refuse a result whose sites are not the initial ones: the plan's indices name them."""
    before, after = ([site.specie.symbol for site in s] for s in (initial, final))
    if before != after:
        raise ValueError(
            f"the engine returned {final.formula} where {initial.formula} was given, or its atoms "
            "in another order"
        )
    if not (np.isfinite(final.lattice.matrix).all() and np.isfinite(final.frac_coords).all()):
        raise ValueError("the engine returned a structure with coordinates that are not finite")


def _failure_reason(error: Exception) -> str:
    """Return the reason of a failed calculation: the message of what was raised."""
    if isinstance(error, ValidationError):
        faults = [
            f"{'.'.join(map(str, fault['loc']))} = {fault['input']!r}"
            if fault["loc"]
            else fault["msg"]
            for fault in error.errors()
        ]
        return f"the engine returned an invalid result: {', '.join(faults)}"
    text = " ".join(str(error).split()) or "no message"
    meant_for_people = isinstance(error, InputError | CalculationError)
    return text if meant_for_people else f"{type(error).__name__}: {text}"
