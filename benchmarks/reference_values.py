"""What an engine gives for values that were published, beside them.

    python benchmarks/reference_values.py [--engine chgnet] [--model r2scan] [--scheme none]
                                          [--protocol balanced] [--only NAME ...] [--json]

A mirror for each engine, before a study is believed: lattices and bond lengths, formation enthalpy
of Li2O (which tells whether the O2 scheme goes with the engine), voltages, and vacancies and O2
release of lithium manganese oxides. Energies are at 0 K; the O2 scheme's correction is in mu_O.
What an embedded potential misses of a vacancy's energy is copied from here into its ``bias`` in
``llo_dft.engines.potentials.known_potentials``, and stands from there in every study's result.

Cells are small: the whole takes some minutes of one processor with a potential. Li orderings of
Li2-xMnO3 are all those of the primitive cell, each relaxed, and the lowest counts; vacancies are
made in twice that cell, at every O of the primitive one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.oxygen.chemical_potential import OXYGEN_SCHEMES
from llo_dft.builders.reference_cells import lithium_metal, o2_in_box
from llo_dft.engines.registry import engine_from
from llo_dft.recipe import EngineChoice
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llo_dft.engines.base import Engine, Outcome
    from llo_dft.typing import CalculationKind, OxygenScheme

_MASSAROTTI: Final = "experiment, Massarotti, J. Appl. Cryst. (1997)"
_XIAO: Final = "GGA+U, Xiao et al., Chem. Mater. 24, 4242 (2012)"
_LI: Final = "PBE+U, Li et al., ACS Omega 6, 21255 (2021), Table 1, O-rich"


@dataclass(frozen=True)
class Value:
    """One number of an engine beside a published one."""

    name: str
    unit: str
    engine: float
    published: float | None
    source: str

    def line(self) -> str:
        """Return it as a row of the table."""
        published = f"{'-':>9} {'-':>8}"
        if self.published is not None:
            published = f"{self.published:9.3f} {self.engine - self.published:+8.3f}"
        return f"{self.name:<32} {self.engine:9.3f} {published} {self.unit:<8} {self.source}"


class Mirror:
    """The crystals, relaxed by an engine when they are asked for."""

    def __init__(self, engine: Engine, scheme: OxygenScheme, folder: Path) -> None:
        self._engine, self._scheme, self._folder = engine, scheme, folder
        self._number = 0

    def relaxed(self, structure: Structure, kind: CalculationKind = "bulk_relax") -> Outcome:
        """Relax a structure, its cell too unless ``kind`` says "slab_relax"."""
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        return self._engine.maker(kind).calculate(structure, folder)

    @cached_property
    def lithium_ev(self) -> float:
        """Energy of an atom of Li metal, eV."""
        return self.relaxed(lithium_metal()).energy_ev / 2

    @cached_property
    def molecule(self) -> Outcome:
        """O2 in a box."""
        return self.relaxed(o2_in_box(), "molecule_relax")

    @cached_property
    def mu_oxygen_ev(self) -> float:
        """Half of O2 with the scheme's correction, eV per O, at 0 K."""
        label = self._engine.oxygen.label_energy_ev_per_atom
        energy = self.molecule.energy_ev / 2
        if self._scheme == "potential" and label is not None:
            energy = label
        return energy + OXYGEN_SCHEMES[self._scheme].correction_ev

    @cached_property
    def li2mno3(self) -> Outcome:
        """The primitive cell, Li4Mn2O6."""
        return self.relaxed(load_structure("Li2MnO3").get_primitive_structure())

    def without_lithium(self, n_removed: int) -> Outcome:
        """Return the lowest of all Li2MnO3 primitive cells that lack so many of their four Li."""
        found = self._delithiated.get(n_removed)
        if found is None:
            pristine = self.li2mno3.structure
            lithium = pristine.indices_from_symbol("Li")
            tried = []
            for removed in combinations(lithium, n_removed):
                structure = pristine.copy()
                structure.remove_sites(removed)
                tried.append(self.relaxed(structure))
            found = self._delithiated[n_removed] = min(tried, key=lambda one: one.energy_ev)
        return found

    @cached_property
    def _delithiated(self) -> dict[int, Outcome]:
        return {0: self.li2mno3}

    def vacancy_ev(self, cell: Structure, scaling: object, oxygens: list[int]) -> float:
        """Return the lowest formation energy of a vacancy at some O of a relaxed cell, eV."""
        host = cell.copy()
        host.make_supercell(scaling)
        images = len(host) // len(cell)
        pristine = self.relaxed(host, "slab_relax").energy_ev
        found = []
        for oxygen in oxygens:
            structure = host.copy()
            structure.remove_sites([oxygen * images])  # a site's images follow one another
            # by hand, so that no symmetry of the host holds the two electrons apart
            structure.perturb(0.03, seed=0)
            found.append(self.relaxed(structure, "slab_relax").energy_ev)
        return min(found) + self.mu_oxygen_ev - pristine


def molecule(mirror: Mirror) -> Iterator[Value]:
    """Bond length of O2, and what tells whether its energy is right."""
    o2 = mirror.molecule.structure
    yield Value("O2 bond", "A", o2.get_distance(0, 1), 1.2075, "experiment, Huber and Herzberg")
    cell = Lattice.cubic(4.62)
    oxide = Structure.from_spacegroup("Fm-3m", cell, ["Li", "O"], [[0.25] * 3, [0] * 3])
    energy = mirror.relaxed(oxide.get_primitive_structure()).energy_ev
    formed = (energy - 2 * mirror.lithium_ev - mirror.mu_oxygen_ev) / 3
    yield Value("Li2O, formation", "eV/atom", formed, -2.066, "experiment, NIST-JANAF, 298 K")


def lattices(mirror: Mirror) -> Iterator[Value]:
    """Cells of Li2MnO3 and of both Li3PO4, and their P-O bonds."""
    cell = mirror.relaxed(load_structure("Li2MnO3")).structure.lattice
    lengths = dict(zip("abc", (4.9246, 8.5216, 5.0245), strict=True))
    for name, published in lengths.items():
        yield Value(f"Li2MnO3 {name}", "A", getattr(cell, name), published, _MASSAROTTI)
    yield Value("Li2MnO3 beta", "degrees", cell.beta, 109.398, _MASSAROTTI)
    for phase, setting, source in (
        ("beta", "Pmn2_1", "experiment, Keffer et al., Inorg. Chem. 6, 119 (1967)"),
        ("gamma", "Pmnb", "experiment, Wang, J. Solid State Chem. 115, 313 (1995)"),
    ):
        given = load_structure(f"Li3PO4_{phase}")
        found = mirror.relaxed(given).structure
        for name in "abc":
            yield Value(
                f"Li3PO4 {phase} ({setting}) {name}",
                "A",
                getattr(found.lattice, name),
                getattr(given.lattice, name),
                source,
            )
        yield Value(f"Li3PO4 {phase}, mean P-O", "A", p_o(found), p_o(given), source)


def p_o(structure: Structure) -> float:
    """Return the mean of the four shortest distances of P to O, A."""
    phosphorus, oxygen = (structure.indices_from_symbol(one) for one in ("P", "O"))
    distances = structure.distance_matrix[np.ix_(phosphorus, oxygen)]
    return float(np.sort(distances, axis=1)[:, :4].mean())


def voltages(mirror: Mirror) -> Iterator[Value]:
    """Average voltages against Li metal."""
    full = load_structure("LiCoO2").get_primitive_structure()
    empty = full.copy()
    empty.remove_species(["Li"])
    lost = mirror.relaxed(empty).energy_ev + mirror.lithium_ev - mirror.relaxed(full).energy_ev
    # the value that is usually quoted for the whole range; recalled, not read
    yield Value("LiCoO2 -> CoO2", "V", lost, 4.1, "experiment, Amatucci et al. (1996), recalled")
    half = mirror.without_lithium(2).energy_ev + 2 * mirror.lithium_ev
    volts = (half - mirror.li2mno3.energy_ev) / 2
    yield Value("Li2MnO3 -> LiMnO3", "V", volts, 4.6, _XIAO)


def spinel(mirror: Mirror) -> Iterator[Value]:
    """Make the vacancy of LiMn2O4, in the cubic cell of 56 atoms."""
    cubic = Structure.from_spacegroup(
        "Fd-3m", Lattice.cubic(8.247), ["Li", "Mn", "O"], [[0] * 3, [0.625] * 3, [0.3877] * 3]
    )
    cell = mirror.relaxed(cubic.get_primitive_structure()).structure
    oxygen = cell.indices_from_symbol("O")[:1]
    energy = mirror.vacancy_ev(cell, [[-1, 1, 1], [1, -1, 1], [1, 1, -1]], list(oxygen))
    # the two published sites, beside Mn3+ and Mn4+, are one to an engine without charge order
    yield Value(VACANCY, "eV", energy, 2.29, f"{_LI} (2.28 and 2.30)")


#: The number that a study's E_f is held against.
VACANCY: Final = "LiMn2O4, O vacancy"


def release(mirror: Mirror) -> Iterator[Value]:
    """E_f of Li2-xMnO3: published is that O2 leaves by itself from x = 0.5."""
    for n_removed in range(3):
        cell = mirror.without_lithium(n_removed).structure
        oxygens = list(cell.indices_from_symbol("O"))
        if not n_removed:
            oxygens = distinct(cell, oxygens)
        energy = mirror.vacancy_ev(cell, [[1, 1, 0], [-1, 1, 0], [0, 0, 1]], oxygens)
        name = f"Li{2 - n_removed / 2:g}MnO3, lowest O vacancy"
        yield Value(name, "eV", energy, None, f"below 0 from x = 0.5: {_XIAO}")


def distinct(structure: Structure, sites: list[int]) -> list[int]:
    """Return the first of each set of sites that symmetry makes alike."""
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer  # noqa: PLC0415 (slow)

    alike = SpacegroupAnalyzer(structure, symprec=0.05).get_symmetry_dataset().equivalent_atoms
    return sorted({int(alike[site]) for site in sites})


PARTS: Final[dict[str, Callable[[Mirror], Iterator[Value]]]] = {
    "molecule": molecule,
    "lattices": lattices,
    "voltages": voltages,
    "spinel": spinel,
    "release": release,
}


def main() -> None:
    """Print the table, each line when it is there."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", default="chgnet")
    parser.add_argument("--model", default=None)
    parser.add_argument("--scheme", default="none", choices=list(OXYGEN_SCHEMES))
    parser.add_argument("--protocol", default="balanced")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--json", action="store_true", help="print JSON at the end instead")
    asked = parser.parse_args()
    engine = engine_from(
        EngineChoice(name=asked.engine, model=asked.model, protocol=asked.protocol)
    )
    engine.check([])
    if asked.scheme in engine.oxygen.refused:
        parser.error(f"--scheme {asked.scheme}: {engine.oxygen.refused[asked.scheme]}")
    found = []
    if not asked.json:
        print(f"{'':<32} {asked.engine:>9} published    less unit     source of the published one")
    with tempfile.TemporaryDirectory() as folder:
        mirror = Mirror(engine, asked.scheme, Path(folder))
        for name in asked.only:
            for value in PARTS[name](mirror):
                found.append(value)
                if not asked.json:
                    print(value.line(), flush=True)
    if asked.json:
        print(json.dumps([asdict(value) for value in found], indent=1))
    else:
        print(f"{time.process_time():.0f} CPU seconds, protocol {asked.protocol}")


if __name__ == "__main__":
    main()
