"""Writes small vasprun.xml files in VASP's exact layout, from numbers that hang together."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from llo_dft.engines.vasp.potcars import potcar_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

L_FIELDS = ("    s", "    p", "    d")
LM_FIELDS = ("    s", "   py", "   pz", "   px", "  dxy", "  dyz", "  dz2", "  dxz", "x2-y2")
LMF_FIELDS = (*LM_FIELDS, "fy3x2", " fxyz", " fyz2", "  fz3", " fxz2", " fzx2", "  fx3")


@dataclass
class Run:
    """A made-up VASP run: flat bands, each on some atom and orbital, smeared by Gaussians.

    ``levels`` are (energy, atom, orbital column, spin) of one-electron states; those below
    ``fermi`` are filled.
    """

    symbols: tuple[str, ...] = ("Li", "Li", "Mn", "O", "O", "O")
    lattice: np.ndarray = field(
        default_factory=lambda: np.array([[4.9, 0.0, 0.0], [-2.4, 4.3, 0.0], [0.3, -0.2, 5.1]])
    )
    spins: int = 2
    fields: tuple[str, ...] | None = LM_FIELDS
    n_energies: int = 61
    energy_range: tuple[float, float] = (-8.0, 6.0)
    fermi: float = 1.03125
    sigma: float = 0.3
    smearing: int = 0
    u_values: dict[str, float] | None = None
    energies: tuple[float, ...] = (-41.25310042,)
    entropy: float = -0.00123456
    settings: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)  # INCAR's own
    version: str = "6.4.2"
    ldau_type: int = 2
    ldau_l: int = 2
    j_values: dict[str, float] = field(default_factory=dict)
    old_energies: bool = False  # VASP 5's last energy block
    n_electronic: int = 4
    seed: int = 7
    n_kpoints: int = 2
    mark: str = ""  # said of the program, beside its version

    def __post_init__(self) -> None:
        """Draw places, forces and levels from the seed."""
        random = np.random.default_rng(self.seed)
        self.fractional = random.uniform(0.02, 0.98, (len(self.symbols), 3)).round(8)
        self.forces = random.normal(0, 0.003, (len(self.symbols), 3)).round(8)
        self.forces -= self.forces.mean(axis=0).round(8)
        columns = len(self.fields or LM_FIELDS)
        self.levels = [
            (
                float(random.choice([-7, -4, -3, -2, -1, 0, 3, 4]) + random.uniform(0, 0.4)),
                atom,
                column,
                spin,
            )
            for atom in range(len(self.symbols))
            for column in range(columns)
            for spin in range(self.spins)
        ]

    @property
    def degeneracy(self) -> int:
        """Electrons that a level holds."""
        return 2 if self.spins == 1 else 1

    @property
    def n_electrons(self) -> float:
        """Electrons below the Fermi level."""
        return float(sum(level[0] < self.fermi for level in self.levels) * self.degeneracy)

    @property
    def grid(self) -> np.ndarray:
        """Energies of the densities, as printed."""
        return np.linspace(*self.energy_range, self.n_energies).round(4)

    def partial(self, decimals: int | None = 4) -> np.ndarray:
        """Projected densities, shape (atoms, spins, columns, energies), as printed, or exact."""
        shape = (len(self.symbols), self.spins, len(self.fields or LM_FIELDS), self.n_energies)
        found = np.zeros(shape)
        for energy, atom, column, spin in self.levels:
            x = (self.grid - energy) / self.sigma
            found[atom, spin, column] += (
                0.7 * self.degeneracy * np.exp(-(x**2)) / self.sigma / np.sqrt(np.pi)
            )
        return found if decimals is None else found.round(decimals)

    def total(self, decimals: int | None = 4) -> tuple[np.ndarray, np.ndarray]:
        """Total density and its integral, shape (spins, energies), as printed, or exact."""
        integral = np.zeros((self.spins, self.n_energies))
        before = np.zeros(self.spins)
        step = (self.energy_range[1] - self.energy_range[0]) / (self.n_energies - 1)
        for energy, _, _, spin in self.levels:
            states = (1 + erf((self.grid - energy) / self.sigma)) / 2 * self.degeneracy
            integral[spin] += states
            before[spin] += (
                (1 + erf((self.grid[0] - step - energy) / self.sigma)) / 2 * self.degeneracy
            )
        density = np.diff(integral, prepend=before[:, None], axis=1) / step
        if decimals is None:
            return density, integral
        return density.round(decimals), integral.round(decimals)

    def bands(self, decimals: int | None = 4) -> np.ndarray:
        """Eigenvalues and occupations, shape (spins, kpoints, bands, 2), as printed, or exact."""
        found = []
        for spin in range(self.spins):
            energies = np.sort([level[0] for level in self.levels if level[3] == spin])
            filled = (energies < self.fermi).astype(float)
            shifts = 0.01 * np.cos(np.arange(self.n_kpoints))
            found.append([np.column_stack([energies + shift, filled]) for shift in shifts])
        exact = np.array(found)
        return exact if decimals is None else exact.round(decimals)


def text(run: Run) -> str:
    """Return the file."""
    return "".join(_lines(run))


def _lines(run: Run) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n'
    yield from _generator(run)
    yield from _incar(run)
    yield from _kpoints(run)
    yield from _parameters(run)
    yield from _atominfo(run)
    yield ' <structure name="initialpos" >\n'
    yield from _crystal(run, "  ")
    yield " </structure>\n"
    for number, energy in enumerate(run.energies, start=1):
        yield from _calculation(run, energy, last=number == len(run.energies))
    yield ' <structure name="finalpos" >\n'
    yield from _crystal(run, "  ")
    yield " </structure>\n</modeling>\n"


def _generator(run: Run) -> Iterator[str]:
    yield ' <generator>\n  <i name="program" type="string">vasp </i>\n'
    yield f'  <i name="version" type="string">{run.version} {run.mark} </i>\n'
    yield '  <i name="subversion" type="string">20Jul23 complex parallel </i>\n </generator>\n'


def _item(name: str, kind: str, value: str, indent: str) -> str:
    attribute = f'type="{kind}" ' if kind else ""
    return f'{indent}<i {attribute}name="{name}">{value}</i>\n'


def _incar(run: Run) -> Iterator[str]:
    yield " <incar>\n"
    yield _item("SYSTEM", "string", "made up", "  ")
    yield _item("PREC", "string", "accurate", "  ")
    yield _item("ALGO", "string", "Normal", "  ")
    yield _item("ENCUT", "", f"{520:16.8f}", "  ")
    for name, (kind, value) in run.asked.items():
        yield _item(name, kind, value, "  ")
    if run.u_values is not None:
        yield from _hubbard(run)
    yield " </incar>\n"


def _hubbard(run: Run) -> Iterator[str]:
    species = [symbol for symbol, _ in groupby(run.symbols)]  # in INCAR and as used
    u = "".join(f"{(run.u_values or {}).get(symbol, 0.0):16.8f}" for symbol in species)
    yield _item("LDAU", "logical", " T  ", "  ")
    j = "".join(f"{run.j_values.get(symbol, 0.0):16.8f}" for symbol in species)
    yield f'  <v type="int" name="LDAUTYPE">{run.ldau_type:6d}</v>\n'
    yield f'  <v type="int" name="LDAUL">{"".join(f"{run.ldau_l:6d}" for _ in species)}</v>\n'
    yield f'  <v name="LDAUU">{u}</v>\n'
    yield f'  <v name="LDAUJ">{j}</v>\n'


def _kpoints(run: Run) -> Iterator[str]:
    yield ' <kpoints>\n  <generation param="Gamma">\n'
    yield f'   <v type="int" name="divisions">{run.n_kpoints:8d}{1:9d}{1:9d} </v>\n'
    yield "  </generation>\n"
    points = [[number / run.n_kpoints, 0, 0] for number in range(run.n_kpoints)]
    yield from _varray("kpointlist", points, "  ")
    yield from _varray("weights", [[1 / run.n_kpoints]] * run.n_kpoints, "  ")
    yield " </kpoints>\n"


def _varray(name: str, rows: Iterable[Iterable[float]], indent: str) -> Iterator[str]:
    yield f'{indent}<varray name="{name}" >\n'
    for row in rows:
        yield f"{indent} <v>{' '.join(f'{value:16.8f}' for value in row)} </v>\n"
    yield f"{indent}</varray>\n"


def _parameters(run: Run) -> Iterator[str]:
    values = {
        "PREC": ("string", "accura"),
        "ENMAX": ("", f"{520:16.8f}"),
        "EDIFF": ("", f"{1e-5:16.8f}"),
        "NBANDS": ("int", f"{run.bands().shape[2]:6d}"),
        "NELECT": ("", f"{run.n_electrons:16.8f}"),
        "ISMEAR": ("int", f"{run.smearing:6d}"),
        "SIGMA": ("", f"{run.sigma:16.8f}"),
        "ISPIN": ("int", f"{run.spins:6d}"),
        "LNONCOLLINEAR": ("logical", " F  "),
        "NELM": ("int", "    60"),
        "NSW": ("int", f"{0 if len(run.energies) == 1 else 99:6d}"),
        "IBRION": ("int", f"{-1 if len(run.energies) == 1 else 2:6d}"),
        "EDIFFG": ("", f"{-0.02:16.8f}"),
        "NEDOS": ("int", f"{run.n_energies:6d}"),
        **({} if run.u_values is not None else {"LDAU": ("logical", " F  ")}),
        "GGA": ("string", "PE"),
        "LHFCALC": ("logical", " F  "),
        "AEXX": ("", f"{0:16.8f}"),
        "HFSCREEN": ("", f"{0:16.8f}"),
        "LUSE_VDW": ("logical", " F  "),
    } | run.settings
    yield ' <parameters>\n  <separator name="general" >\n'
    for name, (kind, value) in values.items():
        yield _item(name, kind, value, "   ")
    if run.u_values is not None:
        yield from _hubbard(run)
    yield '  </separator>\n  <separator name="response functions" >\n'
    yield _item("NELM", "int", "     1", "   ")  # VASP does repeat names here
    yield "  </separator>\n </parameters>\n"


def _atominfo(run: Run) -> Iterator[str]:
    kinds = [(symbol, len(list(atoms))) for symbol, atoms in groupby(run.symbols)]
    yield f" <atominfo>\n  <atoms>{len(run.symbols):8d} </atoms>\n"
    yield f"  <types>{len(kinds):8d} </types>\n"
    yield '  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n'
    yield '   <field type="string">element</field>\n'
    yield '   <field type="int">atomtype</field>\n   <set>\n'
    for number, (symbol, count) in enumerate(kinds, start=1):
        yield f"    <rc><c>{symbol:2s}</c><c>{number:4d}</c></rc>\n" * count
    yield '   </set>\n  </array>\n  <array name="atomtypes" >\n'
    yield '   <dimension dim="1">type</dimension>\n'
    yield '   <field type="int">atomspertype</field>\n   <field type="string">element</field>\n'
    yield "   <field>mass</field>\n   <field>valence</field>\n"
    yield '   <field type="string">pseudopotential</field>\n   <set>\n'
    for symbol, count in kinds:
        cells = [f"{count:4d}", f"{symbol:2s}", f"{16:16.8f}", f"{potcar_of(symbol).valence:16.8f}"]
        row = "".join(f"<c>{cell}</c>" for cell in [*cells, f"  {potcar_of(symbol).title:38s}"])
        yield f"    <rc>{row}</rc>\n"
    yield "   </set>\n  </array>\n </atominfo>\n"


def _crystal(run: Run, indent: str) -> Iterator[str]:
    inverse = np.linalg.inv(run.lattice).T
    yield f"{indent}<crystal>\n"
    yield from _varray("basis", run.lattice, indent + " ")
    yield f'{indent} <i name="volume">{abs(np.linalg.det(run.lattice)):16.8f} </i>\n'
    yield from _varray("rec_basis", inverse, indent + " ")
    yield f"{indent}</crystal>\n"
    yield from _varray("positions", run.fractional, indent)


def _energy(free: float, entropy: float, indent: str, *, old: bool) -> Iterator[str]:
    without, zero = free - entropy, free - entropy / 2
    values = (free, zero, entropy) if old else (free, without, zero)
    yield f"{indent}<energy>\n"
    for name, value in zip(("e_fr_energy", "e_wo_entrp", "e_0_energy"), values, strict=True):
        yield f'{indent} <i name="{name}">{value:16.8f} </i>\n'
    yield f"{indent}</energy>\n"


def _calculation(run: Run, energy: float, *, last: bool) -> Iterator[str]:
    yield " <calculation>\n"
    for number in reversed(range(run.n_electronic)):
        off = 0.0 if number == 0 else 3e-6 * 100 ** (number - 1)
        yield '  <scstep>\n   <time name="dav">    0.01    0.01</time>\n'
        yield from _energy(energy + off, run.entropy, "   ", old=False)
        yield "  </scstep>\n"
    yield "  <structure>\n"
    yield from _crystal(run, "   ")
    yield "  </structure>\n"
    yield from _varray("forces", run.forces, "  ")
    yield from _varray("stress", np.diag([1.5, -2.25, 0.125]), "  ")
    yield from _energy(energy, run.entropy, "  ", old=run.old_energies)
    yield '  <time name="totalsc">    0.11    0.12</time>\n'
    if last:
        yield from _eigenvalues(run)
        yield from _dos(run)
    yield " </calculation>\n"


def _eigenvalues(run: Run) -> Iterator[str]:
    yield "  <eigenvalues>\n   <array>\n"
    for number, name in enumerate(("band", "kpoint", "spin"), start=1):
        yield f'    <dimension dim="{number}">{name}</dimension>\n'
    yield "    <field>eigene</field>\n    <field>occ</field>\n    <set>\n"
    for spin, points in enumerate(run.bands(), start=1):
        yield f'     <set comment="spin {spin}">\n'
        for number, rows in enumerate(points, start=1):
            yield f'      <set comment="kpoint {number}">\n'
            yield from (f"       <r>{energy:10.4f}{filled:10.4f} </r>\n" for energy, filled in rows)
            yield "      </set>\n"
        yield "     </set>\n"
    yield "    </set>\n   </array>\n  </eigenvalues>\n"


def rows(columns: np.ndarray, indent: str) -> str:
    """Return rows of numbers, from columns of shape (n_columns, n_rows)."""
    template = f"{indent}<r>" + "%11.4f" * len(columns) + " </r>\n"
    return "".join(template % tuple(row) for row in columns.T)


def _dos(run: Run) -> Iterator[str]:
    density, integral = run.total()
    yield f'  <dos>\n   <i name="efermi">{run.fermi:16.8f} </i>\n   <total>\n    <array>\n'
    yield '     <dimension dim="1">gridpoints</dimension>\n'
    yield '     <dimension dim="2">spin</dimension>\n'
    yield "     <field>energy</field>\n     <field>total</field>\n     <field>integrated</field>\n"
    yield "     <set>\n"
    for spin in range(run.spins):
        yield f'      <set comment="spin {spin + 1}">\n'
        yield rows(np.array([run.grid, density[spin], integral[spin]]), "       ")
        yield "      </set>\n"
    yield "     </set>\n    </array>\n   </total>\n"
    if run.fields is not None:
        yield partial_head(run.fields)
        for atom, spins in enumerate(run.partial(), start=1):
            yield partial_atom(atom, [np.vstack([run.grid, columns]) for columns in spins])
        yield "     </set>\n    </array>\n   </partial>\n"
    yield "  </dos>\n"


def partial_head(fields: tuple[str, ...]) -> str:
    """Return what stands before the projections."""
    names = "".join(f"     <field>{name}</field>\n" for name in ("energy", *fields))
    dimensions = "".join(
        f'     <dimension dim="{number}">{name}</dimension>\n'
        for number, name in enumerate(("gridpoints", "spin", "ion"), start=1)
    )
    return f"   <partial>\n    <array>\n{dimensions}{names}     <set>\n"


def partial_atom(atom: int, spins: Iterable[np.ndarray | str]) -> str:
    """Return the projections on an atom: columns, or rows that are text already."""
    parts = [f'      <set comment="ion {atom}">\n']
    for spin, columns in enumerate(spins, start=1):
        body = columns if isinstance(columns, str) else rows(columns, "        ")
        parts += [f'       <set comment="spin {spin}">\n', body, "       </set>\n"]
    return "".join([*parts, "      </set>\n"])
