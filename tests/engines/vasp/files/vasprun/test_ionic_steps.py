"""Energies of a step in all forms that VASP writes them in, and what is left out of a step."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.elements import XmlPart
from llo_dft.engines.vasp.files.vasprun.header import Crystal
from llo_dft.engines.vasp.files.vasprun.ionic_steps import (
    Step,
    read_atoms,
    read_energies,
    read_movable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Free energy, the same without entropy, and extrapolated to no smearing (ISMEAR = 0: halfway).
FREE, WITHOUT, ZERO = -30.5, -30.3, -30.4


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[ByteStream]:
    (tmp_path / "vasprun.xml").write_text("<modeling>\n", encoding="ascii")
    with ByteStream(tmp_path / "vasprun.xml") as opened:
        yield opened


def part(stream: ByteStream, element: ET.Element) -> XmlPart:
    return XmlPart(stream, element, "step 1")


def triple(free: object, without: object, zero: object) -> str:
    names = ("e_fr_energy", "e_wo_entrp", "e_0_energy")
    rows = "".join(
        f'<i name="{name}">{value}</i>'
        for name, value in zip(names, (free, without, zero), strict=True)
    )
    return f"<energy>{rows}</energy>"


def calculation(total: str, *electronic: str) -> ET.Element:
    steps = "".join(f"<scstep>{one}</scstep>" for one in electronic)
    return ET.fromstring(f"<calculation>{steps}{total}</calculation>")  # noqa: S314


def header(**parameters: Any) -> Any:
    return SimpleNamespace(parameters={"ISMEAR": 0} | parameters, has_ground_state=True)


STEP = triple(FREE, WITHOUT, ZERO)


def test_the_energy_is_without_smearing_in_both_orders_of_writing(stream: ByteStream) -> None:
    newer = calculation(STEP, STEP)
    # before VASP 6 the extrapolated energy stood one line early, the entropy in its place
    older = calculation(triple(FREE, ZERO, FREE - WITHOUT), STEP)
    for element in (newer, older):
        energy, free, history = read_energies(part(stream, element), header())
        assert energy == pytest.approx(ZERO)
        assert free == FREE
        assert history.tolist() == [FREE]


def test_energies_that_contradict_one_another_are_corrupt(stream: ByteStream) -> None:
    with pytest.raises(VaspFileError, match="of one step contradict one another"):
        read_energies(part(stream, calculation(triple(FREE, WITHOUT, -29.0), STEP)), header())
    with pytest.raises(VaspFileError, match="no energy of the step"):
        read_energies(part(stream, calculation("", STEP)), header())


@pytest.mark.parametrize("dispersion", [0.0, -1.25])
def test_under_a_pressure_the_energy_is_that_without_its_work(
    stream: ByteStream, dispersion: float
) -> None:
    """A dispersion correction comes after the last electronic step, as p V does, and stays."""
    added = dispersion + 50.0 * 64.0 / 1602.176634
    volume = "<structure><crystal><i name='volume'>64.0</i></crystal></structure>"
    enthalpy = triple(*(round(one + added, 8) for one in (FREE, WITHOUT, ZERO)))
    element = calculation(volume + enthalpy, STEP)
    energy, free, _ = read_energies(part(stream, element), header(PSTRESS=50.0))
    assert energy == pytest.approx(ZERO + dispersion, abs=2e-8)
    assert free == pytest.approx(FREE + added)


def test_stars_of_an_electronic_step_leave_a_gap_and_those_of_the_step_none(
    stream: ByteStream,
) -> None:
    element = calculation(STEP, triple("*" * 16, WITHOUT, ZERO), STEP)
    energy, _, history = read_energies(part(stream, element), header())
    assert energy == pytest.approx(ZERO)
    assert np.isnan(history[0])
    assert history[1] == FREE
    with pytest.raises(VaspFileError, match="; expected a number") as caught:
        read_energies(part(stream, calculation(triple("*" * 16, WITHOUT, ZERO), STEP)), header())
    assert caught.value.fault == "not_a_number"


def atoms(forces: str, selective: str = "") -> ET.Element:
    return ET.fromstring(  # noqa: S314
        f"""<calculation><structure><crystal>
<varray name="basis"><v>3 0 0</v><v>0 3 0</v><v>0 0 3</v></varray><i name="volume">27.0</i>
</crystal><varray name="positions"><v>0 0 0</v><v>0.5 0.5 0.5</v></varray>{selective}</structure>
<varray name="forces">{forces}</varray></calculation>"""
    )


def test_forces_that_are_no_numbers_are_left_out_and_named(stream: ByteStream) -> None:
    whole = atoms("<v>0.1 0 0</v><v>-0.1 0 0</v>")
    fields, problems = read_atoms(part(stream, whole), ("Li", "O"))
    assert problems == []
    assert np.asarray(fields["forces_ev_per_angstrom"])[1, 0] == -0.1
    fields, problems = read_atoms(part(stream, atoms("<v>NaN 0 0</v><v>0 0 0</v>")), ("Li", "O"))
    assert "forces_ev_per_angstrom" not in fields
    assert len(problems) == 1
    assert problems[0].startswith("forces left out, not a number at")
    with pytest.raises(VaspFileError, match="1 rows of forces instead of 2"):
        read_atoms(part(stream, atoms("<v>0 0 0</v>")), ("Li", "O"))


def test_what_is_held_is_read_of_the_structure_that_says_so(stream: ByteStream) -> None:
    rows = '<varray name="selective"><v>T T F</v><v>F F F</v></varray>'
    none, held = (part(stream, atoms("", text)).find("structure") for text in ("", rows))
    movable = read_movable((None, none, held), 2)
    assert movable is not None
    assert movable.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert read_movable((held,), 3) is None
    # along the lattice vectors: what a leaning one keeps lies across the held one
    cell = np.array([[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
    crystal = Crystal(cell, ("Li", "O"), np.zeros((2, 3)))
    forces = np.array([[0.5, 1.0, 3.0], [1.0, 1.0, 1.0]])
    step = Step(None, None, np.zeros(0), crystal, forces, movable=movable)
    assert step.free_forces_ev_per_angstrom == pytest.approx(
        np.array([[0.5, 1.0, 0.0], [0.0, 0.0, 0.0]])
    )
    turned = replace(step, movable=np.array([[1, 0, 1], [1, 1, 1]]))
    assert turned.free_forces_ev_per_angstrom == pytest.approx(
        np.array([[0.0, 0.0, 3.0], [1.0, 1.0, 1.0]])
    )
