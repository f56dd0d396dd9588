from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from charge_models import LOWER, UPPER, transfer, write_interface, write_run

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.documents.calculation import CalculationDocument, Fingerprint
from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.grids.read_grids import find_grid_file, read_grid_header
from llo_dft.errors import InputError
from llo_dft.runs.charge_difference import (
    DOCUMENT,
    DensitySettings,
    charge_difference,
    compared_settings,
    write_charge_difference,
)
from llo_dft.testing.plain_run_writer import NOT_CONVERGED

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.engines.vasp.files.grids.read_grids import DensityDifference


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    return write_interface(tmp_path_factory.mktemp("interface"))


@pytest.fixture(scope="module")
def found(folders: tuple[Path, Path, Path]) -> tuple[ChargeDifference, DensityDifference]:
    return charge_difference(folders)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_difference_is_the_transfer_and_sums_to_nothing(
    found: tuple[ChargeDifference, DensityDifference],
) -> None:
    document, grids = found
    np.testing.assert_allclose(grids.difference_per_a3, transfer(0.4), atol=1e-9)
    assert abs(document.residual_e) < 1e-6
    assert document.electrons_whole == pytest.approx(
        document.electrons_a + document.electrons_b, abs=1e-6
    )
    # electrons moved are half the integral of the difference's absolute value
    volume = document.structure.volume
    assert document.absolute_e == pytest.approx(np.abs(transfer(0.4)).mean() * volume / 2, rel=1e-6)
    assert document.planar.cumulative_e[-1] == pytest.approx(document.residual_e, abs=1e-9)


def test_exchanging_the_parts_changes_nothing_but_their_names(
    folders: tuple[Path, Path, Path], found: tuple[ChargeDifference, DensityDifference]
) -> None:
    whole, a, b = folders
    other, grids = charge_difference((whole, b, a))
    np.testing.assert_allclose(grids.difference_per_a3, found[1].difference_per_a3, atol=1e-12)
    names = {"a": "b", "b": "a"}
    assert other.part_of_atom == [names[part] for part in found[0].part_of_atom]


def test_a_part_that_is_given_twice_is_refused(folders: tuple[Path, Path, Path]) -> None:
    whole, a, _ = folders
    with pytest.raises(InputError, match="which is already in A"):
        charge_difference((whole, a, a))


def test_runs_of_other_settings_are_refused(tmp_path: Path) -> None:
    folders = write_interface(tmp_path)
    for folder, atoms in zip(folders, ([*LOWER, *UPPER], LOWER, UPPER), strict=True):
        write_run(folder, atoms, spins=1 if folder.name == "B" else 2)
    with pytest.raises(InputError, match="spin_polarized"):
        charge_difference(folders)


def test_all_files_appear_at_once_and_can_be_read_by_others(
    found: tuple[ChargeDifference, DensityDifference], tmp_path: Path
) -> None:
    document, grids = found
    target = tmp_path / "new" / "out"
    write_charge_difference(target, document, grids)
    assert ChargeDifference.model_validate_json((target / DOCUMENT).read_text("utf-8")) == document
    assert {"CHGCAR", "difference.cube", "difference.npz"} <= names_in(target)
    assert stat.S_IMODE(target.stat().st_mode) & 0o500 == 0o500
    assert names_in(target.parent) == {"out"}  # nothing half-done is left beside it
    with pytest.raises(InputError, match="out can't be written: "):
        write_charge_difference(target, document, grids)
    assert names_in(target.parent) == {"out"}


ATOMS = {"AB": [*LOWER, *UPPER], "A": LOWER, "B": UPPER}

#: As the whole has them: what a part does not hold is still its setting.
U = {"u_values": {"Mn": 3.9}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_interface(tmp_path)
    return tmp_path


def compare(folder: Path, *allow: str) -> DensitySettings:
    headers = [read_grid_header(find_grid_file(folder / name)) for name in ATOMS]
    return compared_settings(tuple(headers), allow)  # type: ignore[arg-type]


def write_runs(folder: Path, **of_a: Any) -> None:
    for name, atoms in ATOMS.items():
        write_run(folder / name, atoms, **(of_a if name == "A" else {}))


def test_runs_of_one_setting_agree(folder: Path) -> None:
    write_runs(folder)
    found = compare(folder)
    assert found.fingerprint is not None
    assert found.fingerprint.engine == "vasp"
    assert (found.notes, found.differences.allowed, found.mock) == ([], [], False)


def test_a_density_without_its_run_is_named_and_not_compared(folder: Path) -> None:
    write_run(folder / "AB", ATOMS["AB"])
    found = compare(folder)
    assert found.fingerprint is not None
    assert [note.partition(":")[0].split("/")[-2] for note in found.notes] == ["A", "B"]
    assert all("settings not compared" in note for note in found.notes)


def test_a_run_of_other_atoms_is_not_the_densitys(folder: Path) -> None:
    write_runs(folder)
    write_run(folder / "A", UPPER)
    found = compare(folder)
    assert len(found.notes) == 1
    assert "/A/CHGCAR: no vasprun.xml" in found.notes[0]


def test_another_cutoff_is_refused_and_can_be_allowed(folder: Path) -> None:
    write_runs(folder, settings={"ENCUT": ("", f"{400.0:16.8f}"), "ENMAX": ("", f"{400.0:16.8f}")})
    with pytest.raises(ComparabilityError, match=r"densities.*cutoff_ev: 520.* and 400"):
        compare(folder)
    found = compare(folder, "cutoff_ev")
    assert found.differences.allow == ["cutoff_ev"]
    assert len(found.differences.allowed) == 1


def test_a_density_of_electrons_that_did_not_converge_is_none(folder: Path) -> None:
    write_runs(folder, settings=NOT_CONVERGED)
    with pytest.raises(VaspFileError, match="4 steps, and NELM is 4"):
        compare(folder)


def test_a_stand_in_anywhere_marks_the_difference(folder: Path) -> None:
    write_runs(folder)
    file = folder / "B" / "vasprun.xml"
    text = file.read_text(encoding="latin-1")
    file.write_text(text.replace("6.4.2", "STAND-IN, not VASP 6.4.2", 1), encoding="latin-1")
    with pytest.raises(ComparabilityError, match="mock: False and True"):
        compare(folder)


def test_a_studys_calculations_say_the_settings_whatever_engine_they_are_of(
    folders: tuple[Path, Path, Path],
) -> None:
    structures = [read_grid_header(find_grid_file(folder)).structure() for folder in folders]

    def calculated(cutoffs: tuple[float, float, float]) -> list[CalculationDocument]:
        return [
            CalculationDocument(
                key="k",
                label=label,
                kind="static",
                status="completed",
                fingerprint=Fingerprint(
                    engine="gpaw", engine_version="26.7.0", functional="PBE", cutoff_ev=cutoff
                ),
                protocol="fast",
                energy_ev=-1.0,
                structure=structure,
                mock=label == "B",
            )
            for label, structure, cutoff in zip("CAB", structures, cutoffs, strict=True)
        ]

    document, _ = charge_difference(folders, calculations=_same_mock(calculated((400.0,) * 3)))
    assert document.fingerprint is not None
    assert document.fingerprint.engine == "gpaw"
    assert not [note for note in document.notes if "not compared" in note]
    other = _same_mock(calculated((400.0, 400.0, 500.0)))
    with pytest.raises(ComparabilityError, match=r"'C' and 'B' .*cutoff_ev: 400\.0 and 500\.0"):
        charge_difference(folders, calculations=other)
    with pytest.raises(ComparabilityError, match="mock: False and True"):
        charge_difference(folders, calculations=calculated((400.0,) * 3))


def _same_mock(calculations: list[CalculationDocument]) -> list[CalculationDocument]:
    return [one.model_copy(update={"mock": False}) for one in calculations]
