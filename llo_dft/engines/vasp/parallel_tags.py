"""How VASP shares a calculation among its MPI ranks: NCORE and KPAR, which change no energy."""

from __future__ import annotations

from math import gcd, sqrt
from typing import Final

#: Ranks up to which each may work on its own orbitals (VASP wiki, NCORE).
_ALONE: Final = 8


def parallel_tags(n_ranks: int, n_bands: int, n_k_points: int) -> dict[str, int]:
    """Return NCORE and KPAR, those that are not VASP's default of 1.

    KPAR groups of ranks take a k-point each; it divides the ranks (VASP wiki, KPAR) and the
    k-points, so that no group waits, and is the largest such number. Of the ranks of a group NCORE
    share an orbital: the divisor nearest to the square root of their number above 8 ranks (VASP
    wiki, NCORE and NPAR), the larger of two; no more groups of bands than bands.

    Parameters
    ----------
    n_ranks
        MPI ranks, 0 if not known: then there are no tags.
    n_bands
        At least so many.
    n_k_points
        Of the mesh without those that symmetry leaves out.
    """
    if n_ranks < 1:
        return {}
    k_groups = gcd(n_ranks, n_k_points)
    group = n_ranks // k_groups
    shared = 1
    if group > _ALONE:
        divisors = [n for n in range(1, group + 1) if group % n == 0 and group // n <= n_bands]
        shared = min(divisors, key=lambda n: (abs(n - sqrt(group)), -n))
    return {tag: n for tag, n in (("NCORE", shared), ("KPAR", k_groups)) if n > 1}
