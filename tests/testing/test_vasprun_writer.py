"""What the writer writes, pymatgen reads."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.io.vasp import Vasprun

from llo_dft.testing.vasprun_writer import Run, text


def test_pymatgen_reads_the_numbers_of_a_run(tmp_path):
    run = Run(symbols=("Li", "Mn", "O", "O"), energies=(-10.5, -11.25), u_values={"Mn": 3.9})
    path = tmp_path / "vasprun.xml"
    path.write_text(text(run), encoding="latin-1")
    read = Vasprun(path, parse_potcar_file=False)
    assert read.ionic_steps[-1]["e_wo_entrp"] == pytest.approx(-11.25 - run.entropy)
    assert read.nionic_steps == 2
    assert read.hubbards == {"Li": 0.0, "Mn": 3.9, "O": 0.0}
    assert np.allclose(read.final_structure.frac_coords, run.fractional, atol=1e-8)
    filled = sum(occupations[..., 1].sum() for occupations in read.eigenvalues.values())
    assert filled / run.n_kpoints == pytest.approx(run.n_electrons)
