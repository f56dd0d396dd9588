import json

from engines_by_name import engine_of

from llo_dft.study.dry_inputs import write_inputs


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
