"""The methods paragraph of a study, its references, and the recipe as a file."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.study_result import StudyResult
from llo_dft.report.titles import plane_text, settings_text

#: References of every study: the packages that build structures and run the work.
_ALWAYS: Final = ("llo_dft", "llo_dft_paper", "pymatgen", "ase", "jobflow", "atomate2")


def methods(result: StudyResult, plan: StudyPlan) -> str:
    """Return how the numbers were computed, as a paragraph for a paper."""
    settings = settings_text(result.fingerprint) or f"the engine {result.engine}"
    slab = f"{plane_text(result.slab_miller)} slab "
    if layers := plan.tm_layers:  # it is the plane of the layers
        slab += f"of {layers} transition-metal layer" + "s" * (layers != 1)
    else:
        slab += "(hexagonal axes of the layers)"
    parts = [
        (
            f"Oxygen vacancies in {result.composition} were computed on a {slab} with "
            f"{plan.vacuum:g} Å of vacuum ({len(plan.slab)} atoms when pristine), by {settings}, "
            f"protocol {result.protocol!r}."
        ),
        "E_f = [E(host - n O) - E(host) + n μ_O] / n, of neutral cells.",
    ]
    if (oxygen := result.oxygen) is not None:
        parts.append(
            f"μ_O(T, p) = {oxygen.mu_ev:.3f} eV at {oxygen.temperature_k:g} K and "
            f"{oxygen.pressure_bar:g} bar: half of O2 ({oxygen.o2_energy_ev_per_atom:.3f} eV, "
            f"{oxygen.o2_energy_source}), scheme {oxygen.scheme!r} ({oxygen.correction_ev:+.3f} "
            f"eV), Δμ_O from the NIST Shomate fit ({oxygen.delta_mu_ev:+.3f} eV, enthalpy from "
            f"{oxygen.delta_mu_reference_k:g} K)."
        )
    if plan.n_candidates > 1:
        orderings = [host.ordering for host in result.hosts if host.ordering is not None]
        n_ranked = max([plan.n_candidates, *(one.n_ranked for one in orderings)])
        n_beside = sum(one.n_beside > 0 for one in orderings)
        parts.append(
            f"For each charged host up to {n_ranked} orderings of Li were ranked and up to "
            f"{plan.n_relaxed} relaxed; the host is the lowest structure known."
        )
        if n_beside:
            parts.append(
                f"In {n_beside} of {len(orderings)} hosts Li is beside empty Li sites of the metal "
                "layers, in tetrahedral sites."
            )
    if plan.interfaces:
        parts.append(
            "Bare and coated slabs are compared at equal holes per transition metal, by formal "
            "charges; the coating takes the strain of the common cell."
        )
    parts.append(
        "Vacancies whose relaxation rebuilt the lattice decide neither a crossing nor a difference."
    )
    return " ".join(parts)


def references(result: StudyResult) -> str:
    """Return the BibTeX entries of what a study used."""
    text = files("llo_dft.report.page").joinpath("templates/references.bib").read_text("utf-8")
    entries = {
        match.group(1): entry.strip()
        for entry in re.split(r"\n(?=@)", text)
        if (match := re.match(r"@\w+\{([^,]+),", entry))
    }
    found = result.fingerprint
    used, potential = {*_ALWAYS, result.engine}, ""
    if result.oxygen is not None:
        used.add(result.oxygen.scheme)
    if found is not None:
        potential = f"{result.engine}_{found.model}"
        used.add(re.split("[+/]", found.functional)[0])
        used |= {"hubbard_u"} if found.u_values_ev else set()
    kept = [one for name, one in entries.items() if name in used or potential.startswith(name)]
    return "\n\n".join(kept) + "\n"


def recipe_text(fields: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a stored recipe as TOML; None is left out, being the default."""
    return "\n".join(_table(name, table) for name, table in fields.items() if table is not None)


def _table(name: str, fields: Mapping[str, Any]) -> str:
    given = {key: value for key, value in fields.items() if value is not None}
    tables = {key: value for key, value in given.items() if isinstance(value, dict) and value}
    lines = [
        f"{_key(key)} = {_value(value)}\n"
        for key, value in given.items()
        if not isinstance(value, dict)
    ]
    below = [f"\n{_table(f'{name}.{_key(key)}', value)}" for key, value in tables.items()]
    return f"[{name}]\n{''.join(lines)}{''.join(below)}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


def _value(value: Any) -> str:  # noqa: ANN401 (whatever a recipe holds)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(k)} = {_value(v)}' for k, v in value.items())}}}"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
