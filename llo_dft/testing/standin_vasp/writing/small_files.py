"""The other files that a run leaves: structures, grids, and those that nobody here looks into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.engines.vasp.files.file_errors import MARK
from llo_dft.testing.standin_vasp.model.grids import (
    core_density,
    local_potential,
    magnetization,
    valence_density,
)
from llo_dft.testing.standin_vasp.reading.poscar import folded, poscar_text
from llo_dft.testing.standin_vasp.writing.fortran import exponential, fixed, grid_lines

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin_vasp.disk import Disk
    from llo_dft.testing.standin_vasp.model.smeared_states import DensityOfStates
    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs
    from llo_dft.testing.standin_vasp.run_record import Final, MockRun, WrittenStep

#: What augments the density in each sphere: one number, so that the format is complete.
_OCCUPANCIES = 1

#: Length of a record of WAVECAR.
_RECORD_BYTES = 128


def marked(comment: str) -> str:
    """Return a first line that holds the mark, once."""
    return comment if MARK in comment else f"{comment} | {MARK}"


def write_structures(disk: Disk, written: WrittenStep) -> None:
    """Write CONTCAR anew and add to XDATCAR."""
    crystal = written.step.crystal
    disk.replace("CONTCAR", poscar_text(crystal, marked(crystal.comment)))
    lines = [f"Direct configuration= {written.number:5d}"]
    lines += [fixed(place, 12, 8) for place in folded(crystal.fractional)]
    head = [marked(crystal.comment), "           1"]
    head += [fixed(vector, 13, 6) for vector in crystal.lattice]
    head += ["".join(f"{name:>5}" for name, _ in crystal.kinds)]
    head += ["".join(f"{count:6d}" for _, count in crystal.kinds)]
    disk.write("XDATCAR", "\n".join(lines if written.number > 1 else head + lines) + "\n")


def write_end(disk: Disk, run: MockRun, final: Final) -> None:
    """Write what VASP writes when a run ends by itself, as far as INCAR wants it."""
    incar, crystal = run.inputs.incar, final.last.step.crystal
    _write_doscar(disk, run, final.density_of_states)
    _write_eigenval(disk, run)
    if incar.logical("LCHARG", default=True):
        _write_charge(disk, run, crystal)
    if incar.logical("LAECHG"):
        _write_all_electron(disk, run, crystal)
    if incar.logical("LVTOT") or incar.logical("LVHAR"):
        potential = local_potential(run.inputs, crystal, run.sizes.fine)
        _write_grids(disk, "LOCPOT", run, crystal, [potential] * len(run.electrons.bands))
    if incar.logical("LWAVE", default=True):
        _write_wavecar(disk, run, crystal)


def _write_wavecar(disk: Disk, run: MockRun, crystal: PoscarCrystal) -> None:
    """Write the two records that say what a WAVECAR holds, and none of the wave functions."""
    n_points = len(run.inputs.kpoints.points)
    head = [_RECORD_BYTES, len(run.electrons.bands), 45200]
    sizes = [n_points, run.inputs.n_bands, run.inputs.cutoff_ev, *np.ravel(crystal.lattice), 0.0]
    for numbers in (head, sizes):
        disk.write("WAVECAR", np.array(numbers, dtype=np.float64).tobytes().ljust(_RECORD_BYTES))
    disk.write("WAVECAR", MARK.encode().ljust(_RECORD_BYTES))


def read_wavecar(folder: Path, inputs: Inputs) -> str:
    """Read the head of a WAVECAR, if there is one and ISTART lets it; return what VASP prints."""
    path = folder / "WAVECAR"
    if not inputs.incar.whole("ISTART", 1) or not path.is_file() or not path.stat().st_size:
        return ""
    numbers = np.frombuffer(path.read_bytes()[_RECORD_BYTES:][: 8 * 2], dtype=np.float64)
    n_bands = int(numbers[1])
    lines = [" found WAVECAR, reading the header\n"]
    if n_bands != inputs.n_bands:
        lines.append(f"  number of bands has changed, file: {n_bands} present: {inputs.n_bands}\n")
        return "".join(lines)
    return "".join([*lines, " the WAVECAR file was read successfully\n"])


def _write_charge(disk: Disk, run: MockRun, crystal: PoscarCrystal) -> None:
    grids = [valence_density(run.inputs, crystal, run.sizes.fine)]
    if len(run.electrons.bands) > 1:
        grids.append(magnetization(run.electrons, crystal, run.sizes.fine))
    _write_grids(disk, "CHGCAR", run, crystal, grids, augmented=True)


def _write_all_electron(disk: Disk, run: MockRun, crystal: PoscarCrystal) -> None:
    shape = run.sizes.fine
    valence = valence_density(run.inputs, crystal, shape)
    _write_grids(disk, "AECCAR0", run, crystal, [core_density(run.inputs, crystal, shape)])
    _write_grids(disk, "AECCAR2", run, crystal, [valence])


def _write_grids(
    disk: Disk,
    name: str,
    run: MockRun,
    crystal: PoscarCrystal,
    grids: list[np.ndarray],
    *,
    augmented: bool = False,
) -> None:
    disk.write(name, _grid_head(crystal))
    for number, grid in enumerate(grids):
        if number:
            moments = [exponential(float(m), 20, 12) for m in run.electrons.formal]
            lines = ["".join(moments[i : i + 5]) for i in range(0, len(moments), 5)]
            disk.write(name, "\n".join(lines) + "\n")
        disk.write(name, "".join(f"{n:5d}" for n in grid.shape) + "\n")
        disk.write(name, grid_lines(grid.ravel(order="F")))
        if augmented:
            disk.write(name, _augmentation(len(crystal.symbols)))


def _grid_head(crystal: PoscarCrystal) -> str:
    lines = [marked(crystal.comment), "   1.00000000000000     "]
    lines += [" " + fixed(vector, 12, 6) for vector in crystal.lattice]
    lines += ["".join(f"{name:>5}" for name, _ in crystal.kinds)]
    lines += ["".join(f"{count:6d}" for _, count in crystal.kinds), "Direct"]
    lines += [fixed(place, 10, 6) for place in folded(crystal.fractional)]
    return "\n".join(lines) + "\n \n"


def _augmentation(n_atoms: int) -> str:
    value = exponential(0.0, 15, 7)
    return "".join(
        f"augmentation occupancies{atom:4d}{_OCCUPANCIES:4d}\n{value}\n"
        for atom in range(1, n_atoms + 1)
    )


def _write_doscar(disk: Disk, run: MockRun, found: DensityOfStates) -> None:
    """Write DOSCAR with the total density."""
    n_atoms = len(run.inputs.crystal.symbols)
    low, high, n = found.energies[0], found.energies[-1], len(found.energies)
    lines = [f"{n_atoms:4d}{n_atoms:4d}   0   0", f"{fixed([run.inputs.crystal.volume], 16, 7)}"]
    lines += ["  0.1E-03", "  CAR ", f" {marked(run.inputs.crystal.comment)}"]
    lines.append(f"{fixed([high, low], 16, 8)}{n:5d}{fixed([run.electrons.fermi_ev, 1.0], 16, 8)}")
    columns = np.vstack([found.energies, found.total, found.integrated]).T
    lines += [fixed([row[0]], 11, 3) + fixed(row[1:], 12, 4) for row in columns]
    disk.write("DOSCAR", "\n".join(lines) + "\n")


def _write_eigenval(disk: Disk, run: MockRun) -> None:
    """Write EIGENVAL."""
    electrons, points = run.electrons, run.inputs.kpoints
    n_atoms, n_spins = len(run.inputs.crystal.symbols), len(electrons.bands)
    lines = [f"{n_atoms:5d}{n_atoms:5d}{1:5d}{n_spins:5d}", "  0.1E+01", "  1.0E-04", "  CAR "]
    lines.append(f" {marked(run.inputs.crystal.comment)}")
    n_bands = electrons.bands.shape[2]
    lines.append(f"{round(electrons.n_electrons):5d}{len(points.points):5d}{n_bands:5d}")
    for number, (point, weight) in enumerate(zip(points.points, points.weights, strict=True)):
        lines += ["", "".join(f"{x:15.7E}" for x in (*point, weight))]
        for band in range(n_bands):
            energies = fixed(electrons.bands[:, number, band], 14, 6)
            filled = fixed(electrons.occupations[:, number, band], 12, 6)
            lines.append(f"{band + 1:5d}{energies}{filled}")
    disk.write("EIGENVAL", "\n".join(lines) + "\n")
