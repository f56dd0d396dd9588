from __future__ import annotations

import numpy as np
import pytest

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, read_vasprun
from llo_dft.testing.vasprun_writer import Run, text


def read(tmp_path, run, before="", after="", **options):
    path = tmp_path / "vasprun.xml"
    content = text(run)
    assert before in content
    path.write_text(content.replace(before, after, 1), encoding="latin-1")
    return read_vasprun(path, **options)


def test_a_fermi_level_of_the_run_is_used(tmp_path):
    own = read(tmp_path, Run(), eigenvalues=True, dos=True)
    assert own.fermi_ev == Run().fermi
    assert own.fermi_problem == ""


@pytest.mark.parametrize(
    ("run", "before", "after", "reason"),
    [
        (
            Run(settings={"NUPDOWN": ("", f"{2:16.8f}")}),
            "",
            "",
            r"fixed moment \(NUPDOWN = 2\) each spin has its own",
        ),
        (Run(smearing=-2), "", "", r"occupations are fixed \(ISMEAR = -2\)"),
        (Run(asked={"FERWE": ("string", "1.0 0.0")}), "", "", r"occupations are fixed \(FERWE\)"),
        (Run(), 'param="Gamma"', 'param="listgenerated"', "k-points along lines"),
        (Run(), '"efermi">      1.03', '"efermi">    -11.03', "lies below filled states"),
        (Run(), '"efermi">      1.03', '"efermi">     91.03', "lies above the empty states"),
        (Run(), '"efermi">      1.03125000', f'"efermi">{"*" * 16}', "VASP printed stars"),
    ],
)
def test_a_fermi_level_that_means_nothing_is_not_used(tmp_path, run, before, after, reason):
    import re

    own = read(tmp_path, run, before, after, eigenvalues=True, dos=True)
    assert own.fermi_ev is None
    assert re.search(reason, own.fermi_problem)
    assert any("E_F is not used" in note for note in own.notes)
    assert own.energy_ev is not None


@pytest.mark.parametrize("algorithm", ["ACFDTR", "rpa", "GW0", "BSE", "Chi", "MP2"])
def test_the_energy_of_a_many_body_step_is_none_of_the_ground_state(tmp_path, algorithm):
    """ALGO is no setting to compare: but of these VASP writes a part of the energy, if any."""
    own = read(tmp_path, Run(), ">Normal<", f">{algorithm}<")
    assert own.energy_ev is None
    assert "the run has no total energy" in own.problems
    assert read(tmp_path, Run(), ">Normal<", ">All<").energy_ev is not None


def test_no_fixed_moment_is_none(tmp_path):
    run = Run(settings={"NUPDOWN": ("", f"{-1:16.8f}")})
    assert read(tmp_path, run, dos=True).fermi_ev == run.fermi


def test_spin_orbit_coupling_is_told(tmp_path):
    run = Run(spins=1, settings={
        "ISPIN": ("int", "     1"),
        "LNONCOLLINEAR": ("logical", " T  "),
        "LSORBIT": ("logical", " T  "),
    })  # fmt: skip
    # VASP sets ISPIN to 1, whatever INCAR says
    own = read(tmp_path, run, "</incar>", '<i type="int" name="ISPIN">     2</i></incar>')
    assert any("non-collinear spins, with spin-orbit coupling" in note for note in own.notes)
    assert own.energy_ev is not None


def test_occupations_that_miss_nelect_are_told(tmp_path):
    run = Run(settings={"NELECT": ("", f"{999:16.8f}")})
    own = read(tmp_path, run, eigenvalues=True)
    assert any("NELECT is 999" in note for note in own.notes)


def test_projections_of_all_sites_of_an_element(tmp_path):
    own = read(tmp_path, Run(), projection=ProjectionRequest("p", element="O"))
    assert own.projected_dos.sites == (3, 4, 5)
    assert np.isfinite(own.projected_dos.density).all()
    with pytest.raises(VaspFileError, match="absent: no atom of Zr in Li Mn O"):
        read(tmp_path, Run(), projection=ProjectionRequest("p", element="Zr"))
