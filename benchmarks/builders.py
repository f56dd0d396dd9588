"""Builders side by side with their peers: CPU seconds, ratios, and whether the answers agree.

    python benchmarks/builders.py [--repeat N]

Every row is a function that returns a ``Row``; add one to ``ROWS`` to measure another
builder. CPU seconds are medians of ``time.process_time``, the two sides taking turns.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.analysis.interfaces.coherent_interfaces import CoherentInterfaceBuilder
from pymatgen.analysis.interfaces.zsl import ZSLGenerator, ZSLMatch
from pymatgen.core.surface import SlabGenerator

from llo_dft.builders.cell_checks import is_stoichiometric, is_symmetric
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.builders.matching.lattice2d import in_plane_basis, lattice_point_group
from llo_dft.builders.surface.slab import build_slab
from llo_dft.builders.surface.surface_lattice import SurfaceLattice, surface_lattice
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core.structure import Structure

MAX_AREA = 400.0  # A^2
LENGTH_TOLERANCE = ANGLE_TOLERANCE = 0.05

#: What lengths and a reduced angle within 5 % let principal strains be, at most.
CONSERVATIVE_STRAIN = 0.115


@dataclass(frozen=True)
class Row:
    """One line of the table: CPU seconds of both sides, and what each found."""

    work: str
    peer: str
    own_seconds: float
    peer_seconds: float
    notes: list[str] = field(default_factory=list)


def medians(own: Callable[[], object], peer: Callable[[], object], repeat: int) -> list[float]:
    """Return median CPU seconds of two functions that take turns, after one untimed call."""
    own(), peer()
    seconds: list[list[float]] = [[], []]
    for _ in range(repeat):
        for times, function in zip(seconds, (own, peer), strict=True):
            start = time.process_time()
            function()
            times.append(time.process_time() - start)
    return [statistics.median(times) for times in seconds]


def generator() -> ZSLGenerator:
    """Return pymatgen's search with the tolerances of this benchmark."""
    return ZSLGenerator(
        max_area=MAX_AREA,
        max_length_tol=LENGTH_TOLERANCE,
        max_angle_tol=ANGLE_TOLERANCE,
        bidirectional=True,
    )


def coating_search(coating: str, strain: float) -> Callable[[int], Row]:
    """Return the row of the matches of Li3PO4 (010) on Li2MnO3 (001), lattices given."""

    def row(repeat: int) -> Row:
        film = surface_lattice(load_structure(coating), (0, 1, 0))
        substrate = surface_lattice(load_structure("Li2MnO3"), (0, 0, 1))

        def own() -> object:
            return find_matches(
                film.vectors, substrate.vectors, max_area=MAX_AREA, max_strain=strain
            )

        def peer() -> object:
            return list(generator()(film.vectors, substrate.vectors))

        return Row(
            f"matches to {MAX_AREA:g} A^2, strain {strain:g}: {coating} (010) on Li2MnO3 (001)",
            "pymatgen ZSLGenerator",
            *medians(own, peer, repeat),
            notes=comparison(film, substrate, strain),
        )

    return row


def from_crystals(coating: str) -> Callable[[int], Row]:
    """Return the row of the same, from the two crystals."""

    def row(repeat: int) -> Row:
        bulk_film, bulk_substrate = load_structure(coating), load_structure("Li2MnO3")

        def own() -> object:
            return find_matches(
                surface_lattice(bulk_film, (0, 1, 0)).vectors,
                surface_lattice(bulk_substrate, (0, 0, 1)).vectors,
                max_area=MAX_AREA,
                max_strain=CONSERVATIVE_STRAIN,
            )

        def peer() -> object:
            return CoherentInterfaceBuilder(
                bulk_substrate, bulk_film, (0, 1, 0), (0, 0, 1), zslgen=generator()
            ).zsl_matches

        return Row(
            f"the same from crystals: {coating}",
            "pymatgen CoherentInterfaceBuilder",
            *medians(own, peer, repeat),
            notes=["the peer finds terminations of both slabs as well"],
        )

    return row


def oxide_slab(repeat: int) -> Row:
    """Return the row of the Li2MnO3 (001) slab, and which slabs are symmetric and whole."""
    bulk = load_structure("Li2MnO3")
    found: dict[str, list[Structure]] = {}

    def own() -> None:
        found["ours"] = [build_slab(bulk, tm_layers=2, vacuum=15.0, seed=0).structure]

    def peer() -> None:
        slabs: list[Structure] = []
        for symmetrize in (False, True):
            generator = SlabGenerator(bulk, (0, 0, 1), 9.0, 15.0, primitive=False)
            slabs += generator.get_slabs(symmetrize=symmetrize)
        found["peer"] = slabs

    seconds = medians(own, peer, min(repeat, 3))
    usable = {
        side: sum(is_symmetric(slab) and is_stoichiometric(slab, bulk) for slab in slabs)
        for side, slabs in found.items()
    }
    return Row(
        "symmetric stoichiometric (001) slab of Li2MnO3",
        "pymatgen SlabGenerator, plain and symmetrize=True",
        *seconds,
        notes=[
            (
                f"symmetric and stoichiometric: {usable['ours']} of {len(found['ours'])} ours, "
                f"{usable['peer']} of {len(found['peer'])} the peer's"
            )
        ],
    )


def comparison(film: SurfaceLattice, substrate: SurfaceLattice, strain: float) -> list[str]:
    """Say how many matches each side found, how many are distinct, and which are shared."""
    groups = [lattice_point_group(in_plane_basis(s.vectors)) for s in (film, substrate)]

    def orbit(matrix: np.ndarray) -> tuple[float, ...]:
        images = (p @ matrix @ q for p, q in product(*groups))
        return min(tuple(np.round(image.ravel(), 6) + 0.0) for image in images)

    matches = find_matches(film.vectors, substrate.vectors, max_area=MAX_AREA, max_strain=strain)
    own = {
        orbit(np.linalg.solve(m.film_transformation, m.substrate_transformation)) for m in matches
    }
    found = list(generator()(film.vectors, substrate.vectors))
    peer = {orbit(peer_map(match)) for match in found}
    within = {orbit(peer_map(match)) for match in found if peer_strain(match) <= strain}
    counts = (
        f"ours: {len(matches)} matches, {len(own)} distinct; "
        f"peer: {len(found)}, {len(peer)} distinct, of which {len(within)} within {strain:g}"
    )
    shared = (
        f"of those {len(within)} we find {len(within & own)}; "
        f"of our {len(own)} the peer finds {len(own & peer)}"
    )
    return [counts, shared]


def peer_map(match: ZSLMatch) -> np.ndarray:
    """Return what takes a pymatgen match's film vectors to substrate vectors, no cell in it."""
    film = np.array(match.film_sl_vectors) @ np.linalg.pinv(np.array(match.film_vectors))
    substrate = np.array(match.substrate_sl_vectors) @ np.linalg.pinv(
        np.array(match.substrate_vectors)
    )
    return np.linalg.solve(np.round(film), np.round(substrate))


def peer_strain(match: ZSLMatch) -> float:
    """Return the largest principal strain of the film in a pymatgen match."""
    film, substrate = np.array(match.film_sl_vectors), np.array(match.substrate_sl_vectors)
    squares = np.linalg.eigvals(np.linalg.solve(film @ film.T, substrate @ substrate.T)).real
    return float(np.abs(np.sqrt(squares) - 1).max())


ROWS: list[Callable[[int], Row]] = [
    coating_search("Li3PO4_beta", 0.05),
    coating_search("Li3PO4_gamma", 0.05),
    coating_search("Li3PO4_beta", CONSERVATIVE_STRAIN),
    coating_search("Li3PO4_gamma", CONSERVATIVE_STRAIN),
    from_crystals("Li3PO4_beta"),
    from_crystals("Li3PO4_gamma"),
    oxide_slab,
]


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7, help="timed calls of each side")
    repeat = parser.parse_args().repeat
    compiled = "with" if find_spec("numba") else "without"
    print(f"pymatgen's match search runs {compiled} numba, which makes it some 7 times faster")
    for measure in ROWS:
        row = measure(repeat)
        print(
            f"{row.work}\n    {row.own_seconds:.4f} CPU s; {row.peer} {row.peer_seconds:.4f}; "
            f"{row.peer_seconds / row.own_seconds:.1f} times less"
        )
        for note in row.notes:
            print(f"    {note}")


if __name__ == "__main__":
    main()
