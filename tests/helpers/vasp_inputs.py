"""Writes VASP's inputs with pymatgen, POTCAR.spec in place of POTCAR, for runs of the stand-in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar

from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pathlib import Path

POTENTIALS = {"Li": "Li_sv", "Mn": "Mn_pv", "Ni": "Ni_pv", "Co": "Co", "O": "O", "P": "P"}

#: Settings of a relaxation of an oxide; what a test says replaces them.
RELAX: dict[str, Any] = {
    "ENCUT": 520,
    "PREC": "Accurate",
    "EDIFF": 1e-5,
    "EDIFFG": -0.03,
    "IBRION": 2,
    "ISIF": 2,
    "NSW": 60,
    "ISMEAR": 0,
    "SIGMA": 0.05,
    "ISPIN": 2,
    "LORBIT": 11,
    "GGA": "PE",
    "LASPH": True,
    "LWAVE": False,
    "LCHARG": False,
}
STATIC: dict[str, Any] = RELAX | {"NSW": 0, "IBRION": -1, "LCHARG": True, "LWAVE": True}
HUBBARD_U = {"Mn": 3.9, "Ni": 6.2, "Co": 3.32}


def oxide(noise: float = 0.03) -> Structure:
    """Li2MnO3's primitive cell, its atoms off their places, with VASP's starting moments."""
    return with_moments(_shaken(_primitive(), noise))


@cache
def _primitive() -> Structure:
    return load_structure("Li2MnO3").get_primitive_structure().get_sorted_structure()


def _shaken(structure: Structure, noise: float) -> Structure:
    import numpy as np

    moves = np.random.default_rng(5).normal(0, noise, (len(structure), 3))
    return Structure(
        structure.lattice,
        structure.species,
        structure.cart_coords + moves,
        coords_are_cartesian=True,
    )


def with_moments(structure: Structure) -> Structure:
    """Give every atom a moment to start from."""
    start = {"Mn": 5.0, "Ni": 2.0, "Co": 0.6, "O": 0.6, "Li": 0.6, "P": 0.6}
    structure.add_site_property("magmom", [start[site.specie.symbol] for site in structure])
    return structure


def oxygen() -> Structure:
    """O2 in a box."""
    box = Lattice.from_parameters(8.0, 8.3, 8.6, 90, 90, 90)
    places = [[4.0, 4.0, 3.65], [4.0, 4.0, 4.95]]
    molecule = Structure(box, ["O", "O"], places, coords_are_cartesian=True)
    molecule.add_site_property("magmom", [1.0, 1.0])
    return molecule


def lithium() -> Structure:
    """Li metal, bcc."""
    metal = Structure(Lattice.cubic(3.44), ["Li", "Li"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    metal.add_site_property("magmom", [0.0, 0.0])
    return metal


def write_inputs(
    folder: Path,
    structure: Structure,
    settings: dict[str, Any],
    *,
    kpoints: tuple[int, int, int] | None = (2, 2, 1),
    hubbard: bool = False,
) -> Path:
    """Write the four inputs and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    poscar = Poscar(structure)
    settings = dict(settings)
    if settings.get("ISPIN") == 2 and "magmom" in structure.site_properties:
        settings.setdefault("MAGMOM", list(structure.site_properties["magmom"]))
    if hubbard:
        values = [HUBBARD_U.get(symbol, 0.0) for symbol in poscar.site_symbols]
        settings |= {"LDAU": True, "LDAUTYPE": 2, "LDAUU": values, "LDAUJ": [0.0] * len(values)}
        settings["LDAUL"] = [2 if value else -1 for value in values]
    Incar(settings).write_file(folder / "INCAR")
    poscar.write_file(folder / "POSCAR")
    symbols = [POTENTIALS[symbol] for symbol in poscar.site_symbols]
    (folder / "POTCAR.spec").write_text("\n".join(symbols), encoding="ascii")
    if kpoints is not None:
        Kpoints.gamma_automatic(kpoints).write_file(folder / "KPOINTS")
    return folder
