import json
from pathlib import Path

import pytest
from engines_by_name import engine_of
from studies import coated_recipe

from llo_dft.study.dry_inputs import write_inputs
from llo_dft.study.planning.make_plan import make_plan


def test_inputs_of_a_study_are_complete_and_hold_no_pseudopotential(plan, tmp_path):
    from pymatgen.io.vasp.inputs import Incar, Poscar

    size = write_inputs(plan, engine_of("vasp"), tmp_path)
    assert size == json.loads((tmp_path / "inputs" / "estimate.json").read_text(encoding="utf-8"))
    assert size["n_calculations"] == plan.n_calculations
    assert size["n_runs"] == 2 * plan.n_calculations - 1  # all but O2 have two stages
    for run in size["runs"]:
        folder = tmp_path / run["folder"]
        assert sorted(path.name for path in folder.iterdir()) == [
            "INCAR",
            "KPOINTS",
            "POSCAR",
            "POTCAR.spec",
        ]
        structure = Poscar.from_file(folder / "POSCAR", check_for_potcar=False).structure
        assert len(structure) == run["n_ions"]
    runs = {(run["calculation"], run["stage"]): run for run in size["runs"]}
    assert runs["O2", "relax"]["n_electrons"] == 12
    pristine = runs[plan.hosts[0].label, "relax"]
    counts = plan.slab.composition.get_el_amt_dict()
    valence = {"Li": 3, "Mn": 13, "Ni": 16, "Co": 9, "O": 6}
    assert pristine["n_electrons"] == sum(valence[e] * n for e, n in counts.items())
    assert Incar.from_file(tmp_path / pristine["folder"] / "INCAR")["LDIPOL"]
    assert pristine["n_bands"] * 2 > pristine["n_electrons"]
    assert runs["bulk", "cell"]["n_plane_waves"] > runs["bulk", "energy"]["n_plane_waves"]


@pytest.mark.parametrize(
    ("coating", "potentials"),
    [
        ("LiNbO3", {"Li": "Li_sv", "Mn": "Mn_pv", "Nb": "Nb_pv", "O": "O"}),
        ("Al2O3", {"Li": "Li_sv", "Mn": "Mn_pv", "Al": "Al", "O": "O"}),
        ("ZrO2_tetragonal", {"Li": "Li_sv", "Mn": "Mn_pv", "Zr": "Zr_sv", "O": "O"}),
    ],
)
def test_an_interface_is_neutral_and_only_the_oxides_metals_have_moments_and_u(
    coating, potentials, tmp_path
):
    from pymatgen.io.vasp.inputs import Incar, Poscar

    recipe = coated_recipe(
        cathode={"supercell": None},
        coating={"phase": coating, "setting": None, "miller": [0, 0, 1], "terminations": None}
        | {"keep": 1, "max_strain": 0.12, "gaps": [2.0, 2.6]},
        delithiation={"fractions": [1.0]},
        vacancies={"environments": None},
    )
    size = write_inputs(make_plan(recipe, Path()), engine_of("vasp"), tmp_path)
    held = {"oxide": {"Li", "Mn", "O"}, "coating": set(potentials) - {"Mn"}, "0": set(potentials)}
    runs = [run for run in size["runs"] if run["calculation"].startswith("interface_")]
    assert {run["calculation"].rsplit("_", 1)[1] for run in runs} == set(held)
    for run in runs:
        folder = tmp_path / run["folder"]
        incar = Incar.from_file(folder / "INCAR")
        assert not {"NELECT", "NUPDOWN"} & set(incar)  # neutral, and free to choose its moment
        symbols = [str(s.specie) for s in Poscar.from_file(folder / "POSCAR").structure]
        order = list(dict.fromkeys(symbols))
        assert set(order) <= held[run["calculation"].rsplit("_", 1)[1]]
        spec = (folder / "POTCAR.spec").read_text(encoding="ascii").split()
        assert spec == [potentials[symbol] for symbol in order]
        moments = {"Mn": 3.0}  # Mn4+
        assert incar["MAGMOM"] == [moments.get(symbol, 0.0) for symbol in symbols]
        if "Mn" in order:
            assert incar["LDAUU"] == [3.9 if symbol == "Mn" else 0.0 for symbol in order]
            assert incar["LDAUL"] == [2 if symbol == "Mn" else -1 for symbol in order]
        else:
            assert "LDAU" not in incar
        if run["stage"] == "relax":
            assert (incar["LDIPOL"], incar["IDIPOL"]) == (True, 3)
