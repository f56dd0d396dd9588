"""OUTCAR, written as the run goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.engines.vasp.files.file_errors import MARK
from llo_dft.testing.standin_vasp.run_record import DATE, VERSION
from llo_dft.testing.standin_vasp.writing.fortran import fixed, flag
from llo_dft.testing.standin_vasp.writing.outcar_tables import (
    charges,
    core_levels,
    eigenvalues,
    fermi_level,
    moments,
    potentials,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.testing.standin_vasp.disk import Disk
    from llo_dft.testing.standin_vasp.run_record import Final, MockRun, WrittenStep

NAME = "OUTCAR"
_RULE = "-" * 104

#: Plane waves in a volume of one cubic angstrom at 1 eV: (2m/hbar^2)^(3/2) / 6 pi^2.
_WAVES = (1 / 3.80998212) ** 1.5 / (6 * np.pi**2)

#: Orbital-resolved tables are there from this LORBIT on.
_WITH_TABLES = 10


def write_head(disk: Disk, run: MockRun, warnings: list[str]) -> None:
    """Write all that stands before the first step."""
    disk.write(NAME, "".join(_head(run)) + "".join(f"{text}\n" for text in warnings))


def _head(run: MockRun) -> Iterator[str]:
    inputs, started = run.inputs, time.localtime(run.started)
    yield f" vasp.{VERSION} {DATE} {MARK} complex\n\n"
    yield f" executed on             none date {time.strftime('%Y.%m.%d  %H:%M:%S', started)}\n"
    yield " running    1 mpi-ranks, on    1 nodes\n"
    yield " distrk:  each k-point on    1 cores,    1 groups\n"
    yield " distr:  one band on NCORE=   1 cores,    1 groups\n\n" + "-" * 104 + "\n\n INCAR:\n"
    yield "".join(f"   {name} = {value}\n" for name, value in inputs.incar.values.items())
    for one in inputs.potentials:
        yield f" POTCAR:    {one.title}\n"
    for one in inputs.potentials:
        yield (
            f"   VRHFIN ={one.element}:\n   LEXCH  = PE\n   TITEL  = {one.title}\n"
            f"   POMASS = {one.mass:8.3f}; ZVAL   = {one.n_valence:8.3f}    mass and valenz\n"
            f"   ENMAX  = {one.cutoff_ev:8.3f}; ENMIN  = {0.75 * one.cutoff_ev:8.3f} eV\n"
        )
    yield from _dimensions(run)
    yield from _settings(run)
    yield from _basis(run)


def _dimensions(run: MockRun) -> Iterator[str]:
    inputs = run.inputs
    (x, y, z), (fine_x, fine_y, fine_z) = run.sizes.coarse, run.sizes.fine
    yield "\n Dimension of arrays:\n"
    yield (
        f"   k-points           NKPTS = {len(inputs.kpoints.points):6d}   "
        f"k-points in BZ     NKDIM = {len(inputs.kpoints.points):6d}   "
        f"number of bands    NBANDS= {inputs.n_bands:6d}\n"
        f"   number of dos      NEDOS = {inputs.incar.whole('NEDOS', 301):6d}   "
        f"number of ions     NIONS = {len(inputs.crystal.symbols):6d}\n"
        f"   non local maximal  LDIM  =      6   total plane-waves  NPLWV = {x * y * z:6d}\n"
        f"   dimension x,y,z NGX = {x:5d} NGY = {y:5d} NGZ = {z:5d}\n"
        f"   dimension x,y,z NGXF= {fine_x:5d} NGYF= {fine_y:5d} NGZF= {fine_z:5d}\n"
        f"   ions per type = {''.join(f'{n:16d}' for _, n in inputs.crystal.kinds)}\n\n"
    )


def _settings(run: MockRun) -> Iterator[str]:
    inputs, incar = run.inputs, run.inputs.incar
    yield (
        f"   ISPIN  = {inputs.n_spins:6d}    spin polarized calculation?\n"
        f"   ENCUT  = {inputs.cutoff_ev:6.1f} eV\n"
        f"   NELM   = {incar.whole('NELM', 60):6d};   NELMIN= {incar.whole('NELMIN', 2):3d}; "
        f"NELMDL= {incar.whole('NELMDL', -5):3d}     # of ELM steps\n"
        f"   EDIFF  = {inputs.ediff:8.1E}   stopping-criterion for ELM\n"
        f"   EDIFFG = {inputs.ediffg:8.1E}   stopping-criterion for IOM\n"
        f"   NSW    = {incar.whole('NSW', 0):6d}    number of steps for IOM\n"
        f"   IBRION = {inputs.ibrion:6d}    ionic relax\n"
        f"   ISIF   = {inputs.isif:6d}    stress and relaxation\n"
        f"   NELECT = {inputs.n_electrons:12.4f}    total number of electrons\n"
        f"   ISMEAR = {incar.whole('ISMEAR', 1):6d};   SIGMA  = "
        f"{incar.number('SIGMA', 0.2):6.2f}  broadening in eV\n"
        f"   LDAU   = {flag(incar.logical('LDAU')):>6}\n"
        "   LNONCOLLINEAR =      F non collinear calculations\n   LEPSILON =      F\n"
        f"   LORBIT = {incar.whole('LORBIT', 0):6d}\n\n"
    )


def _basis(run: MockRun) -> Iterator[str]:
    """Give the cell, the k-points and their plane waves."""
    inputs = run.inputs
    volume = inputs.crystal.volume
    yield f"  volume of cell : {volume:12.2f}\n      direct lattice vectors"
    yield "                 reciprocal lattice vectors\n"
    yield from _vectors(inputs.crystal.lattice)
    yield f"\n\n{_RULE}\n\n\n"
    waves = int(_WAVES * volume * inputs.cutoff_ev**1.5)
    for number, point in enumerate(inputs.kpoints.points, start=1):
        yield f" k-point {number:4d} : {fixed(point, 9, 4)}  plane waves: {waves:7d}\n"
    yield f"\n maximum and minimum number of plane-waves per node : {waves:9d}{waves:9d}\n\n"


def _vectors(lattice: np.ndarray) -> Iterator[str]:
    for vector, reciprocal in zip(lattice, np.linalg.inv(lattice).T, strict=True):
        yield f"  {fixed(vector, 13, 9)}  {fixed(reciprocal, 13, 9)}\n"


def write_step(disk: Disk, run: MockRun, written: WrittenStep) -> None:
    """Write an ionic step with its electronic steps."""
    disk.write(NAME, "".join([*_scf(run, written), *_after_scf(run, written)]))


def write_half_step(disk: Disk, run: MockRun, written: WrittenStep) -> None:
    """Write the electronic steps of an ionic step, and end there."""
    disk.write(NAME, "".join(_scf(run, written)))


def _scf(run: MockRun, written: WrittenStep) -> Iterator[str]:
    last = len(written.scf_ev)
    for number, free in enumerate(written.scf_ev, start=1):
        yield f"\n{'-' * 30} Iteration {written.number:6d}({number:4d})  {'-' * 39}\n\n"
        yield "      LOOP:  cpu time    0.0100: real time    0.0100\n"
        yield _electrons_line(run)
        yield " Free energy of the ion-electron system (eV)\n"
        yield f"  entropy T*S    EENTRO ={written.entropy_ev:18.8f}\n"
        yield f"  free energy    TOTEN  ={fixed([free], 18, 8)} eV\n\n"
        if number == last and written.scf_converged:
            yield "------------------------ aborting loop because EDIFF is reached ----"
            yield "------------------------------------\n"


def _electrons_line(run: MockRun) -> str:
    electrons = run.electrons
    spin = f"{electrons.moment:15.7f}" if len(electrons.bands) > 1 else ""
    return f" number of electron{electrons.n_electrons:15.7f} magnetization {spin}\n"


def _after_scf(run: MockRun, written: WrittenStep) -> Iterator[str]:
    step = written.step
    yield fermi_level(run)
    if step.stress_kbar is not None:
        kbar = step.stress_kbar[[0, 1, 2, 0, 1, 2], [0, 1, 2, 1, 2, 0]]
        yield "\n  FORCE on cell =-STRESS in cart. coord.  units (eV):\n"
        yield f"  in kB   {fixed(kbar, 12, 5)}\n"
        yield f"  external pressure = {kbar[:3].mean():12.2f} kB  Pullay stress =         0.00 kB\n"
    yield f"\n  volume of cell : {step.crystal.volume:12.2f}\n      direct lattice vectors"
    yield "                 reciprocal lattice vectors\n"
    yield from _vectors(step.crystal.lattice)
    yield "\n POSITION                                       TOTAL-FORCE (eV/Angst)\n"
    yield " " + "-" * 83 + "\n"
    for place, force in zip(step.crystal.cartesian, step.forces, strict=True):
        yield f" {fixed(place, 13, 5)}    {fixed(force, 14, 6)}\n"
    yield " " + "-" * 83 + f"\n    total drift:                     {fixed(np.zeros(3), 14, 6)}\n\n"
    yield "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  " + "-" * 51 + "\n"
    yield f"  free  energy   TOTEN  = {fixed([written.free_ev], 16, 8)} eV\n\n"
    yield f"  energy  without entropy={fixed([written.without_entropy_ev], 18, 8)}"
    yield f"  energy(sigma->0) ={fixed([written.zero_ev], 18, 8)}\n\n"
    seconds = f"cpu time {written.seconds:11.4f}: real time {written.seconds:11.4f}"
    yield f"     LOOP+:  {seconds}\n"


def write_end(disk: Disk, run: MockRun, final: Final) -> None:
    """Write how the run ended, the tables of the atoms and the times."""
    disk.write(NAME, "".join(_end(run, final)))


def _end(run: MockRun, final: Final) -> Iterator[str]:
    crystal = final.last.step.crystal
    if run.inputs.incar.whole("ICORELEVEL", 0) == 1:
        yield from core_levels(crystal)
    yield from potentials(run, crystal)
    yield fermi_level(run)  # pymatgen reads on for minutes if anything stands between the two
    yield from eigenvalues(run)
    if final.reached_accuracy:
        yield "\n reached required accuracy - stopping structural energy minimisation\n"
    yield final.stop
    if run.inputs.incar.whole("LORBIT", 0) >= _WITH_TABLES:
        yield from charges(run)
        if len(run.electrons.bands) > 1:
            yield from moments(run)
    yield "\n\n General timing and accounting informations for this job:\n"
    yield " ========================================================\n\n"
    for name in ("Total CPU time used", "User time", "System time", "Elapsed time"):
        value = 0.0 if name == "System time" else final.seconds
        yield f"{name + ' (sec):':>41}{value:13.3f}\n"
    for name in ("Maximum memory used", "Average memory used"):
        yield f"\n{name + ' (kb):':>41}{60000.0 if name[0] == 'M' else 0.0:13.0f}.\n"
