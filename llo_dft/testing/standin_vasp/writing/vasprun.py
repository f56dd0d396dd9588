"""vasprun.xml, written as the run goes on: cut off at any moment it is what VASP leaves then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.engines.vasp.files.file_errors import MARK
from llo_dft.testing.standin_vasp.reading.poscar import folded
from llo_dft.testing.standin_vasp.run_record import DATE, VERSION
from llo_dft.testing.standin_vasp.writing.fortran import exponential, fixed, flag
from llo_dft.testing.standin_vasp.writing.parameters import parameters
from llo_dft.testing.standin_vasp.writing.vasprun_arrays import densities_of_states, eigenvalues

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llo_dft.testing.standin_vasp.disk import Disk
    from llo_dft.testing.standin_vasp.reading.incar_reader import IncarValue
    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs
    from llo_dft.testing.standin_vasp.run_record import Final, MockRun, WrittenStep

NAME = "vasprun.xml"

#: A number that is smaller would lose all its digits in fixed point.
_SMALLEST_FIXED = 1e-6


def write_head(disk: Disk, run: MockRun) -> None:
    """Write all that stands before the first step."""
    inputs = run.inputs
    parts = [
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n',
        *_generator(run.started),
        *_settings("incar", inputs.incar.values.items(), " "),
        *_kpoints(inputs),
        " <parameters>\n",
        *(
            line
            for section, values in parameters(run).items()
            for line in _separator(section, values.items())
        ),
        " </parameters>\n",
        *_atominfo(inputs),
        *_structure(inputs.crystal, ' name="initialpos"', " "),
    ]
    disk.write(NAME, "".join(parts))


def write_step(disk: Disk, written: WrittenStep) -> None:
    """Write an ionic step; it is left open for what may follow in it."""
    disk.write(NAME, "".join(_step(written)))


def write_half_step(disk: Disk, written: WrittenStep) -> None:
    """Write the electronic steps of an ionic step, and end there."""
    disk.write(NAME, " <calculation>\n" + "".join(_scf(written)))


def end_step(disk: Disk) -> None:
    """Close an ionic step."""
    disk.write(NAME, " </calculation>\n")


def write_end(disk: Disk, run: MockRun, final: Final) -> None:
    """Write what the last step has beyond the others, and the end."""
    disk.write(NAME, "".join(eigenvalues(run.electrons)))
    lorbit = run.inputs.incar.whole("LORBIT", 0)
    for part in densities_of_states(run.electrons, final.density_of_states, lorbit):
        disk.write(NAME, part)
    end_step(disk)
    crystal = final.last.step.crystal
    disk.write(NAME, "".join(_structure(crystal, ' name="finalpos"', " ")) + "</modeling>\n")


def _generator(started: float) -> Iterator[str]:
    clock = time.localtime(started)
    yield " <generator>\n"
    yield '  <i name="program" type="string">vasp </i>\n'
    yield f'  <i name="version" type="string">{VERSION} {MARK}  </i>\n'
    yield f'  <i name="subversion" type="string">{DATE} {MARK} complex </i>\n'
    yield '  <i name="platform" type="string">none </i>\n'
    yield f'  <i name="date" type="string">{time.strftime("%Y %m %d", clock)} </i>\n'
    yield f'  <i name="time" type="string">{time.strftime("%H:%M:%S", clock)} </i>\n'
    yield " </generator>\n"


def _settings(tag: str, items: Iterable[tuple[str, IncarValue]], indent: str) -> Iterator[str]:
    yield f"{indent}<{tag}>\n"
    for name, value in items:
        yield item(name, value, indent + " ")
    yield f"{indent}</{tag}>\n"


def _separator(name: str, items: Iterable[tuple[str, IncarValue]]) -> Iterator[str]:
    yield f'  <separator name="{name}" >\n'
    for key, value in items:
        yield item(key, value, "   ")
    yield "  </separator>\n"


def item(name: str, value: IncarValue, indent: str) -> str:
    """Return one setting in VASP's layout for its type."""
    if isinstance(value, list):
        kind = ' type="int"' if all(isinstance(one, int) for one in value) else ""
        text = "".join(f"{one:6d}" if kind else f"{one:16.8f}" for one in value)
        return f'{indent}<v{kind} name="{name}">{text}</v>\n'
    if isinstance(value, bool):
        return f'{indent}<i type="logical" name="{name}"> {flag(value)}  </i>\n'
    if isinstance(value, int):
        return f'{indent}<i type="int" name="{name}">{value:6d}</i>\n'
    if isinstance(value, str):
        escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f'{indent}<i type="string" name="{name}">{escaped}</i>\n'
    tiny = 0 < abs(value) < _SMALLEST_FIXED
    text = exponential(value, 16, 8) if tiny else f"{value:16.8f}"
    return f'{indent}<i name="{name}">{text}</i>\n'


def _kpoints(inputs: Inputs) -> Iterator[str]:
    points = inputs.kpoints
    yield " <kpoints>\n"
    if points.divisions is not None:
        yield f'  <generation param="{points.style}">\n'
        counts = "".join(f"{n:9d}" for n in points.divisions)
        yield f'   <v type="int" name="divisions">{counts} </v>\n'
        yield f'   <v name="usershift">{fixed(points.shift, 17, 8)} </v>\n'
        for number, n in enumerate(points.divisions, start=1):
            vector = [1 / n if axis == number else 0.0 for axis in (1, 2, 3)]
            yield f'   <v name="genvec{number}">{fixed(vector, 17, 8)} </v>\n'
        yield f'   <v name="shift">{fixed((0, 0, 0), 17, 8)} </v>\n  </generation>\n'
    yield from _varray("kpointlist", points.points, "  ")
    yield from _varray("weights", points.weights[:, None], "  ")
    yield " </kpoints>\n"


def _varray(name: str, values: np.ndarray, indent: str) -> Iterator[str]:
    yield f'{indent}<varray name="{name}" >\n'
    for row in values:
        yield f"{indent} <v>{fixed(row, 17, 8)} </v>\n"
    yield f"{indent}</varray>\n"


def _atominfo(inputs: Inputs) -> Iterator[str]:
    kinds = list(zip(inputs.crystal.kinds, inputs.potentials, strict=True))
    yield f" <atominfo>\n  <atoms>{len(inputs.crystal.symbols):8d} </atoms>\n"
    yield f"  <types>{len(kinds):8d} </types>\n"
    yield '  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n'
    yield '   <field type="string">element</field>\n'
    yield '   <field type="int">atomtype</field>\n   <set>\n'
    for number, ((symbol, count), _) in enumerate(kinds, start=1):
        yield f"    <rc><c>{symbol:2s}</c><c>{number:4d}</c></rc>\n" * count
    yield '   </set>\n  </array>\n  <array name="atomtypes" >\n'
    yield '   <dimension dim="1">type</dimension>\n'
    yield '   <field type="int">atomspertype</field>\n   <field type="string">element</field>\n'
    yield "   <field>mass</field>\n   <field>valence</field>\n"
    yield '   <field type="string">pseudopotential</field>\n   <set>\n'
    for (symbol, count), potential in kinds:
        numbers = f"<c>{potential.mass:16.8f}</c><c>{potential.n_valence:16.8f}</c>"
        cells = f"<c>{count:4d}</c><c>{symbol:2s}</c>{numbers}<c>  {potential.title:38s}</c>"
        yield f"    <rc>{cells}</rc>\n"
    yield "   </set>\n  </array>\n </atominfo>\n"


def _structure(crystal: PoscarCrystal, name: str, indent: str) -> Iterator[str]:
    yield f"{indent}<structure{name} >\n{indent} <crystal>\n"
    yield from _varray("basis", crystal.lattice, indent + "  ")
    yield f'{indent}  <i name="volume">{crystal.volume:16.8f} </i>\n'
    yield from _varray("rec_basis", np.linalg.inv(crystal.lattice).T, indent + "  ")
    yield f"{indent} </crystal>\n"
    yield from _varray("positions", folded(crystal.fractional), indent + " ")
    if crystal.movable is not None and name:  # VASP's steps have none
        yield f'{indent} <varray type="logical" name="selective" >\n'
        for row in crystal.movable:
            yield f"{indent}  <v> {'  '.join(flag(bool(one)) for one in row)} </v>\n"
        yield f"{indent} </varray>\n"
    yield f"{indent}</structure>\n"


def _energy(free: float, without: float, zero: float, indent: str) -> Iterator[str]:
    yield f"{indent}<energy>\n"
    named = {"e_fr_energy": free, "e_wo_entrp": without, "e_0_energy": zero}
    for name, value in named.items():
        yield f'{indent} <i name="{name}">{fixed([value], 16, 8)} </i>\n'
    yield f"{indent}</energy>\n"


def _scf(written: WrittenStep) -> Iterator[str]:
    for free in written.scf_ev:
        off = free - written.free_ev
        yield '  <scstep>\n   <time name="dav">    0.01    0.01</time>\n'
        yield from _energy(free, written.without_entropy_ev + off, written.zero_ev + off, "   ")
        yield "  </scstep>\n"


def _step(written: WrittenStep) -> Iterator[str]:
    step = written.step
    yield " <calculation>\n"
    yield from _scf(written)
    yield from _structure(step.crystal, "", "  ")
    yield from _varray("forces", step.forces, "  ")
    if step.stress_kbar is not None:
        yield from _varray("stress", step.stress_kbar, "  ")
    yield from _energy(written.free_ev, written.without_entropy_ev, written.zero_ev, "  ")
    yield f'  <time name="totalsc">{written.seconds:8.2f}{written.seconds:8.2f}</time>\n'
