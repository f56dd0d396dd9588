"""Folders of made-up VASP runs: of any structure, and a set of those that belong together.

The set (``host``, ``vacancy``, ``oxygen``, ``lithium``) has energies that give round numbers. It
carries no mark, so that the readers may be tried on it as on VASP's own files; ``write_run`` marks
its files, and nothing made of them passes for a result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llo_dft.engines.vasp.files.file_errors import MARK
from llo_dft.engines.vasp.potcars import n_electrons
from llo_dft.testing.vasprun_writer import Run, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pymatgen.core.structure import Structure

#: Atoms of the fullest host, and where they are: fractions of a cell in which they don't touch.
HOST = ("Li", "Li", "Li", "Li", "Mn", "Mn", "O", "O", "O", "O", "O", "O")
PLACES = np.array([[x, y, z] for x in (0.1, 0.6) for y in (0.2, 0.7) for z in (0.1, 0.4, 0.7)])
CELL = np.diag([6.0, 6.5, 9.0])

#: Energies in eV that give round numbers.
HOST_EV, VACANCY_EV, O2_EV, LI_EV = -80.0, -71.0, -9.8, -1.9

U = {"Mn": 3.9}

HSE06 = {
    "LHFCALC": ("logical", " T  "),
    "AEXX": ("", f"{0.25:16.8f}"),
    "HFSCREEN": ("", f"{0.2:16.8f}"),
}
SCAN = {"METAGGA": ("string", "SCAN")}
NOT_CONVERGED = {"NELM": ("int", "     4")}


def with_electrons(run: Run, moment: int | None = None, charge: int = 0) -> Run:
    """Give a run the levels of as many electrons as its atoms bring, less a charge."""
    n = n_electrons(run.symbols) - charge
    if run.spins == 1:
        assert n % 2 == 0
        filled = [n // 2]
    else:
        unpaired = n % 2 if moment is None else moment
        filled = [(n + unpaired) // 2, (n - unpaired) // 2]
    run.levels = [
        (
            -7.0 + 0.05 * level if level < count else 3.0 + 0.01 * level,
            level % min(2, len(run.symbols)),
            0,
            spin,
        )
        for spin, count in enumerate(filled)
        for level in range(max(filled) + 3)
    ]
    return run


def write(folder: Path, run: Run, replace: tuple[str, str] | None = None) -> Path:
    """Write a run into a new folder; ``replace`` changes its text."""
    folder.mkdir()
    content = text(run)
    if replace is not None:
        assert replace[0] in content, replace[0]
        content = content.replace(*replace)
    (folder / "vasprun.xml").write_text(content, encoding="latin-1")
    return folder


def write_run(
    folder: Path,
    structure: Structure,
    energy_ev: float,
    forces_ev_per_angstrom: Sequence[Sequence[float]] | None = None,
    **fields: Any,
) -> Path:
    """Write a made-up, converged run of a structure into a folder, marked as made up.

    Parameters
    ----------
    folder
        It is made here.
    structure, energy_ev
        Atoms, alike ones beside each other as POSCAR has them, and the energy of the cell without
        smearing, eV.
    forces_ev_per_angstrom
        Of each atom, to 8 decimals; None: some below 0.02.
    fields
        Others of ``Run``: ``u_values={"Mn": 3.9}``, ``n_kpoints``, ``settings``, ...

    Returns
    -------
    The folder, with vasprun.xml and CONTCAR: what ``read_run`` and every ``analyze`` take.
    """
    symbols = tuple(site.specie.symbol for site in structure)
    options: dict[str, Any] = {"lattice": np.array(structure.lattice.matrix), "mark": MARK}
    run = Run(symbols=symbols, energies=(energy_ev,), entropy=0.0, **(options | fields))
    run.fractional = np.array(structure.frac_coords).round(8)
    if forces_ev_per_angstrom is not None:
        run.forces = np.array(forces_ev_per_angstrom, dtype=float)
    folder.mkdir(parents=True)
    (folder / "vasprun.xml").write_text(text(with_electrons(run)), encoding="latin-1")
    structure.to(str(folder / "CONTCAR"), fmt="poscar", comment=MARK)
    return folder


def cell_run(
    energy: float = HOST_EV,
    gone: tuple[int, ...] = (),
    *,
    shift: float = 0.0,
    charge: int = 0,
    **fields: Any,
) -> Run:
    """Return the host without some atoms, all others moved by so many angstrom in the cell."""
    kept = [i for i in range(len(HOST)) if i not in gone]
    options: dict[str, Any] = {"lattice": CELL, "u_values": U, "n_kpoints": 3} | fields
    run = Run(symbols=tuple(HOST[i] for i in kept), energies=(energy,), entropy=0.0, **options)
    run.fractional = PLACES[kept].copy()
    if shift:
        random = np.random.default_rng(3)
        moves = random.normal(size=run.fractional.shape)
        moves /= np.linalg.norm(moves, axis=1)[:, None] / shift
        run.fractional = (run.fractional + moves / np.diag(CELL)).round(8)
    return with_electrons(run, charge=charge)


def host(path: Path, energy: float = HOST_EV, n_li: int = 4, **options: Any) -> Path:
    """Write a host with so many Li."""
    replace = options.pop("replace", None)
    return write(path, cell_run(energy, tuple(range(n_li, 4)), **options), replace)


def vacancy(
    path: Path,
    energy: float = VACANCY_EV,
    removed: tuple[int, ...] = (8,),
    n_li: int = 4,
    **options: Any,
) -> Path:
    """Write a host with so many Li, less atoms: an index of ``HOST`` each."""
    replace = options.pop("replace", None)
    return write(path, cell_run(energy, (*range(n_li, 4), *removed), **options), replace)


def oxygen(
    path: Path, energy: float = O2_EV, *, bond: float = 1.23, moment: int = 2, **fields: Any
) -> Path:
    """Write O2 in a box."""
    replace = fields.pop("replace", None)
    options: dict[str, Any] = {"lattice": np.eye(3) * 9.0, "n_kpoints": 1, "u_values": None}
    run = Run(symbols=("O", "O"), energies=(energy,), entropy=0.0, **(options | fields))
    run.fractional = np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 0.5 + bond / 9.0]]).round(8)
    run = with_electrons(run, moment if run.spins == 2 else None)
    return write(path, run, replace)


def lithium(
    path: Path,
    energy_per_atom: float = LI_EV,
    divisions: tuple[int, int, int] = (8, 8, 8),
    **fields: Any,
) -> Path:
    """Write Li metal."""
    options: dict[str, Any] = {"lattice": np.eye(3) * 3.44, "n_kpoints": 8, "spins": 1}
    run = Run(
        symbols=("Li", "Li"), energies=(2 * energy_per_atom,), entropy=0.0, **options | fields
    )
    run.fractional = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
    return write(path, with_electrons(run), (_row(8, 1, 1), _row(*divisions)))


def _row(*divisions: int) -> str:
    return f"{divisions[0]:8d}" + "".join(f"{n:9d}" for n in divisions[1:])


def other_mesh(before: tuple[int, int, int], after: tuple[int, int, int]) -> tuple[str, str]:
    """Return what to replace so that a run has another k-mesh."""
    return _row(*before), _row(*after)


def with_moments(folder: Path, moments: Sequence[float]) -> Path:
    """Put an OUTCAR with the moments of the atoms into a run's folder."""
    rows = "".join(
        f"{n:5d}        0.000   0.000{moment:8.3f}{moment:8.3f}\n"
        for n, moment in enumerate(moments, start=1)
    )
    rule = "-" * 42 + "\n"
    total = f"{sum(moments):8.3f}"
    (folder / "OUTCAR").write_text(
        f" magnetization (x)\n\n# of ion       s       p       d       tot\n{rule}{rows}{rule}"
        f"tot          0.000   0.000{total}{total}\n\n"
    )
    return folder
