"""Writes small vaspout.h5 files with the content of ``vasprun_writer``, all digits kept.

Give the run energies that four decimals hold, ``energy_range=(-8.0, 7.0)`` for example, where the
two files are to be compared: densities are computed at the energies as vasprun.xml prints them.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from llo_dft.engines.vasp.potcars import potcar_of
from llo_dft.testing.vasprun_writer import LM_FIELDS, Run

if TYPE_CHECKING:
    from pathlib import Path

ENERGY_TAGS = ("free energy    TOTEN", "energy without entropy", "energy(sigma->0)")
OSZICAR_LABELS = ("N", "E", "dE", "deps", "ncg", "rms", "rms(c)")
#: VASP knows more orbitals than a run without f electrons projects on.
ALL_ORBITALS = (*LM_FIELDS, "fy3x2", " fxyz", " fyz2", "  fz3", " fxz2", " fzx2", "  fx3")


def write(
    path: Path,
    run: Run,
    *,
    moments: list[float] | None = None,
    old_moments: bool = False,
    history: bool = True,
    verdict: int | None = 0,
) -> Path:
    """Write the file.

    Parameters
    ----------
    path
        Where.
    run
        What vasprun.xml would hold.
    moments, old_moments
        Moment of each atom, in the layout of VASP up to 6.4.2 or the one since.
    history
        Whether the electronic steps are in it, as VASP does since 6.5.
    verdict
        What VASP says of the last electronic loop, 0 if it converged; None: nothing.
    """
    with h5py.File(path, "w", libver="earliest") as file:
        for key, value in (("major", 6), ("minor", 4), ("patch", 2)):
            file[f"version/{key}"] = np.int32(value)
        _inputs(file, run)
        _steps(file, run, history=history, verdict=verdict)
        if moments is not None:
            _moments(file, run, moments, old=old_moments)
        _positions(file["results"] if "results" in file else file.create_group("results"), run)
        _bands(file, run)
        _dos(file, run)
    return path


def _texts(values: Any) -> np.ndarray:
    return np.array([value.encode() for value in values], dtype=np.bytes_)


def _text(value: str) -> np.ndarray:
    return np.array(value.encode(), dtype=f"S{len(value)}")


def incar_of(run: Run) -> dict[str, Any]:
    """The tags of INCAR, in Python's types; the run's settings are set there too."""
    tags: dict[str, Any] = {
        "SYSTEM": "made up", "PREC": "accurate", "ALGO": "Normal", "ENCUT": 520.0, "EDIFF": 1e-5,
        "ISMEAR": run.smearing, "SIGMA": run.sigma, "ISPIN": run.spins, "NELM": 60,
        "NSW": 0 if len(run.energies) == 1 else 99, "IBRION": -1 if len(run.energies) == 1 else 2,
        "EDIFFG": -0.02, "GGA": "PE",
    }  # fmt: skip
    if run.u_values is not None:
        u = [run.u_values.get(symbol, 0.0) for symbol, _ in groupby(run.symbols)]
        tags |= {"LDAU": True, "LDAUTYPE": 2, "LDAUU": u, "LDAUJ": [0.0] * len(u)}
    for name, (kind, value) in run.settings.items():
        read = {"int": int, "logical": lambda text: text.strip() == "T", "string": str.strip}
        tags[name] = read.get(kind, float)(value)
    return tags


def _inputs(file: h5py.File, run: Run) -> None:
    lines = []
    for name, value in incar_of(run).items():
        path = f"input/incar/{name}"
        if isinstance(value, bool):
            file[path] = np.int32(value)
            lines.append(f"{name} = .{'TRUE' if value else 'FALSE'}.")
        elif isinstance(value, list):  # some versions keep the first element only
            file[path] = np.float64(value[0])
            lines.append(f"{name} = {' '.join(f'{one:g}' for one in value)} ! by kind")
        elif isinstance(value, str):
            file[path] = _text(value)
            lines.append(f"{name} = {value}")
        else:
            file[path] = np.float64(value) if isinstance(value, float) else np.int32(value)
            lines.append(f"{name} = {value!r}")
    file["original/incar/content"] = _text("\n".join(lines) + "\n")
    kinds = [potcar_of(symbol) for symbol, _ in groupby(run.symbols)]
    potcars = [
        f"  {kind.title}\n {kind.valence:f}\n   TITEL  = {kind.title}\n"
        f"   POMASS =   16.000; ZVAL   = {kind.valence:8.3f}    mass and valenz\n"
        "   ENMAX  =  400.000; ENMIN  =  300.000 eV\n End of Dataset\n"
        for kind in kinds
    ]
    file["input/potcar/content"] = _text("".join(potcars))
    file["input/kpoints/mode"] = _text("g")
    for axis, count in zip("xyz", (run.n_kpoints, 1, 1), strict=True):
        file[f"input/kpoints/nkp{axis}"] = np.int32(count)
    _crystal(file.create_group("input/poscar"), run)


def _crystal(group: h5py.Group, run: Run) -> None:
    kinds = [(symbol, len(list(atoms))) for symbol, atoms in groupby(run.symbols)]
    group["ion_types"] = _texts([symbol for symbol, _ in kinds])
    group["number_ion_types"] = np.array([count for _, count in kinds], dtype=np.int32)
    group["scale"] = 1.0
    group["direct_coordinates"] = np.int32(1)
    group["lattice_vectors"] = run.lattice
    group["position_ions"] = run.fractional


def _positions(results: h5py.Group, run: Run) -> None:
    _crystal(results.create_group("positions"), run)


def _steps(file: h5py.File, run: Run, *, history: bool, verdict: int | None) -> None:
    group = file.create_group("intermediate/ion_dynamics")
    n = len(run.energies)
    free = np.array(run.energies)
    group["energies_tags"] = _texts(ENERGY_TAGS)
    group["energies"] = np.column_stack([free, free - run.entropy, free - run.entropy / 2])
    for name, values in (
        ("lattice_vectors", run.lattice),
        ("position_ions", run.fractional),
        ("forces", run.forces),
        ("stress", np.diag([1.5, -2.25, 0.125])),
    ):
        group[name] = np.broadcast_to(values, (n, *values.shape))
    if not history:
        return
    rows = []
    for energy in run.energies:
        for step in range(run.n_electronic):
            left = run.n_electronic - 1 - step
            off = 0.0 if left == 0 else 3e-6 * 100 ** (left - 1)
            rows.append([step + 1, energy + off, -off, -off, 100, 0.1, 0.1])
    group["oszicar_label"] = _texts(OSZICAR_LABELS)
    group["oszicar"] = np.array(rows, dtype=np.float64)
    if verdict is not None:
        group["electronic_step_converged"] = np.full((n, 1), float(verdict))


def _moments(file: h5py.File, run: Run, moments: list[float], *, old: bool) -> None:
    shares = np.array([0.02, -0.01, 0.99])
    values = np.zeros((len(run.energies), 2, len(run.symbols), 3))
    values[-1, 1] = np.outer(moments, shares)
    values[-1, 0] = np.outer(np.ones(len(moments)), [0.3, 0.4, 5.0])
    group = file["intermediate/ion_dynamics"].create_group("magnetism")
    if old:
        group["component_tags"] = _texts(["total charge", "magnetization (x)"])
        group["orbital_tags"] = _texts("spd")
        group["moments"] = values
    else:
        group["spin_moments/components"] = _texts(["charge", "x"])
        group["spin_moments/orbitals"] = _texts("spd")
        group["spin_moments/values"] = values


def _bands(file: h5py.File, run: Run) -> None:
    bands = run.bands(decimals=None)
    group = file.create_group("results/electron_eigenvalues")
    group["eigenvalues"] = bands[..., 0]
    group["fermiweights"] = bands[..., 1]
    group["kpoint_coords"] = np.array([[n / run.n_kpoints, 0, 0] for n in range(run.n_kpoints)])
    group["kpoints_symmetry_weight"] = np.full(run.n_kpoints, 1 / run.n_kpoints)
    group["ispin"] = np.int32(run.spins)
    group["nb_tot"] = np.int32(bands.shape[2])
    group["nelectrons"] = run.n_electrons


def _dos(file: h5py.File, run: Run) -> None:
    group = file.create_group("results/electron_dos")
    density, integral = run.total(decimals=None)
    group["energies"] = np.linspace(*run.energy_range, run.n_energies)
    group["dos"] = density
    group["dosi"] = integral
    group["efermi"] = run.fermi
    group["nedos"] = np.int32(run.n_energies)
    if run.fields is not None:
        group["dospar"] = np.swapaxes(run.partial(decimals=None), 0, 1)
        names = run.fields if len(run.fields) < len(LM_FIELDS) else ALL_ORBITALS
        file["results/projectors/lchar"] = _texts(names)
