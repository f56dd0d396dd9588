from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymatgen.core import Lattice, Structure
from run_folders import outcar_of, run_folder

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.finished_calculation import VaspElectrons
from llo_dft.errors import InputError
from llo_dft.runs.orbital_centers import centers_of, site_classes
from llo_dft.testing.vasprun_writer import Run

if TYPE_CHECKING:
    from pathlib import Path

O_2P = ("O", "p")


def centers(folder: Path, reference: str, classes: dict[int, str] | None = None) -> Any:
    states = VaspElectrons(folder).states(*O_2P)
    return centers_of(states, O_2P, reference, None, classes=classes)  # type: ignore[arg-type]


def test_a_class_is_the_mean_of_its_atoms_by_their_weight(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "run", Run(), outcar_of(6))
    found, densities = centers(folder, "vbm", {3: "one", 4: "two", 5: "two"})
    assert {name: one.n_sites for name, one in found.classes.items()} == {"one": 1, "two": 2}
    assert densities.sites == (3, 4, 5)
    whole = found.total.both.valence
    parts = [one.centers.both.valence for one in found.classes.values()]
    assert sum(part.weight for part in parts) == pytest.approx(whole.weight)
    mean = sum(part.weight * part.center_ev for part in parts) / whole.weight
    assert mean == pytest.approx(whole.center_ev)


def test_a_core_level_is_the_mean_of_the_atoms_that_are_looked_at(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "run", Run(), outcar_of(6))
    found, _ = centers(folder, "core")
    assert found.reference_ev == pytest.approx(-510 - (4 + 5 + 6) / 3)
    vacuum, _ = centers(folder, "vacuum")
    assert vacuum.reference_ev == pytest.approx(5.25)
    shift = vacuum.reference_ev - found.reference_ev
    both = [one.total.both.full.center_ev for one in (found, vacuum)]
    assert both[0] - both[1] == pytest.approx(shift)


@pytest.mark.parametrize(
    ("reference", "what"),
    [("vacuum", r"put its LOCPOT"), ("core", r"put an OUTCAR with ICORELEVEL = 1")],
)
def test_a_level_that_is_not_there_says_which_file_has_it(
    tmp_path: Path, reference: str, what: str
) -> None:
    folder = run_folder(tmp_path, "run", Run())
    with pytest.raises(InputError, match=f"the {reference} level of this run is not known; {what}"):
        centers(folder, reference)


def test_unconverged_electrons_have_no_centre(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "run", Run(settings={"NELM": ("int", "     4")}))
    with pytest.raises(VaspFileError, match="4 steps, and NELM is 4"):
        centers(folder, "vbm")


def test_a_class_counts_the_cations_bonded_to_an_oxygen() -> None:
    # O 3 beside Mn alone, O 4 between Mn and a Li, O 5 beside nothing
    places = [[6, 0, 0], [0, 0, 3.9], [0, 0, 0], [1.9, 0, 0], [0, 0, 1.9], [6, 6, 6]]
    structure = Structure(
        Lattice.cubic(12.0), ["Li", "Li", "Mn", "O", "O", "O"], places, coords_are_cartesian=True
    )
    expected = {3: "1TM", 4: "1TM+1Li", 5: "free"}
    assert site_classes(structure, (3, 4, 5), None) == expected
    assert site_classes(structure, (4,), None) == {4: "1TM+1Li"}
    structure.replace(0, "P", [-1.5, 0, 1.9], coords_are_cartesian=True)
    assert site_classes(structure, (4,), None) == {4: "1TM+1Li+1P"}
