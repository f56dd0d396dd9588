"""VASP 5.4 keeps IVDW out of vasprun.xml; the OUTCAR and INCAR beside it have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plain_runs as make
import pytest

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.analysis.comparability.subtractable import check_vacancy
from llo_dft.runs.plain_runs import PlainRun, read_plain_run

if TYPE_CHECKING:
    from pathlib import Path

#: The layout of an OUTCAR of VASP 5.4.4 between the electrons and the energy of a step.
OUTCAR = """ vasp.5.4.4
------------------------ aborting loop because EDIFF is reached ---------------------------
         DFTD3 V3.0 Rev 1
 IVDW         = {kind}
 VDW_S8       =    0.7220
 Edisp (eV)  -28.80731
  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
 IVDW         = 99
"""
PLAIN = " vasp.5.4.4\n  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n Edisp (eV)  -1.0\n"


def run(folder: Path, outcar: str = "", incar: str = "", version: str = "5.4.4") -> PlainRun:
    make.host(folder, version=version)
    if outcar:
        (folder / "OUTCAR").write_text(outcar)
    if incar:
        (folder / "INCAR").write_text(incar)
    return read_plain_run(folder)


def dispersion(found: PlainRun) -> str:
    assert found.run is not None
    assert found.run.calculation.fingerprint is not None
    return found.run.calculation.fingerprint.dispersion


@pytest.mark.parametrize(
    ("outcar", "incar", "expected"),
    [
        (OUTCAR.format(kind=11), "", "D3"),
        (OUTCAR.format(kind=12), "IVDW = 11", "D3(BJ)"),  # what was used, not what is beside it now
        ("", "ENCUT = 520 ; ivdw = 12 ! Grimme", "D3(BJ)"),
        ("", "# IVDW = 12\nLVDW = .TRUE.", "D2"),
        ("", "ENCUT = 520", ""),
        (" Edisp (eV)  -1.0\n", "LVDW = T", "D2"),  # VASP 5.2 names no kind
        (PLAIN, "", ""),
        (PLAIN.replace("FREE", "Edisp (eV) -1\nFREE"), "", "of a kind that OUTCAR does not name"),
    ],
)
def test_read_from_beside(tmp_path: Path, outcar: str, incar: str, expected: str) -> None:
    found = run(tmp_path / "run", outcar, incar)
    assert dispersion(found) == expected
    assert not any("dispersion" in note for note in found.notes)


def test_it_is_compared(tmp_path: Path) -> None:
    with_it, without = run(tmp_path / "a", OUTCAR.format(kind=12)), run(tmp_path / "b", PLAIN)
    assert with_it.completed is not None
    assert without.completed is not None
    with pytest.raises(ComparabilityError, match=r"dispersion: 'D3\(BJ\)' and ''"):
        check_vacancy(with_it.completed, without.completed, [])


def test_nothing_beside_it_is_said(tmp_path: Path) -> None:
    assert any("not known" in note for note in run(tmp_path / "five").notes)
    assert run(tmp_path / "six", version="6.4.2").notes == []
    # VASP 6 has it in vasprun.xml; what lies beside it is not looked at
    assert dispersion(run(tmp_path / "other", OUTCAR.format(kind=12), version="6.4.2")) == ""


@pytest.mark.parametrize("version", ["5.4.4", "6.4.2"])
def test_parameters_of_the_correction_count(tmp_path: Path, version: str) -> None:
    """A real vasprun.xml of VASP 6 has IVDW and none of them."""
    asked = {"asked": {"IVDW": ("int", "    12")}} if version[0] == "6" else {}
    runs = []
    for name, incar in (("a", "IVDW = 12"), ("b", "IVDW = 12\nVDW_S8 = 2.31 # HSE06")):
        make.host(tmp_path / name, version=version, **asked)
        (tmp_path / name / "INCAR").write_text(incar)
        runs.append(read_plain_run(tmp_path / name).completed)
    assert runs[0] is not None
    assert runs[1] is not None
    with pytest.raises(ComparabilityError, match=r"VDW_S8: not set and 2\.31"):
        check_vacancy(runs[0], runs[1], [])
