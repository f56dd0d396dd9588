"""What changed when a host or a vacancy was relaxed: its lattice, and the metals' moments."""

from pymatgen.core.structure import Structure

from llo_dft.analysis.vacancy.missing_sites import missing_from
from llo_dft.analysis.vacancy.structure_check import check_relaxed
from llo_dft.documents.calculation import CalculationDocument


def host_flags(made: CalculationDocument) -> list[str]:
    """Return what a completed relaxation rebuilt in its initial structure."""
    if made.status != "completed" or made.structure is None or made.initial_structure is None:
        return []
    return check_relaxed(made.initial_structure, made.structure)


def vacancy_flags(host: CalculationDocument, vacancy: CalculationDocument) -> list[str]:
    """Return where a relaxed vacancy differs from its relaxed host, moments included.

    The last of several runs that continue each other starts from what the first one rebuilt, so a
    vacancy's initial structure is used only where its host has no result. Moments
    are compared where every atom's site in the host is certain.
    """
    if vacancy.status != "completed" or vacancy.structure is None:
        return []
    if host.status != "completed" or host.structure is None:
        return host_flags(vacancy)
    try:
        match = missing_from(host, vacancy, shifted=True)
    except ValueError:  # it lacks more than O
        return host_flags(vacancy)
    kept = Structure.from_sites([host.structure[site] for site in match.site_of_atom])
    moments: list[float] | None = None
    if host.magmoms_mu_b is not None and match.is_certain:
        moments = [host.magmoms_mu_b[site] for site in match.site_of_atom]
    flags = check_relaxed(kept, vacancy.structure, moments, vacancy.magmoms_mu_b)
    if not match.is_certain and not any(flag.startswith("moved") for flag in flags):
        flags.append(f"moved: an atom began {match.farthest_angstrom:.2f} A from any site")
    return flags
