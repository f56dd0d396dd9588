"""CIF files of users: read, or refused in one line that says what is wrong with them."""

import pytest

from llo_dft.errors import InputError
from llo_dft.study.planning.cif_input import read_cif

CELL = """data_x
_cell_length_a {a}
_cell_length_b 4
_cell_length_c 4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
{operations}loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
"""
TWO_ATOMS = ("Li1 Li 0 0 0", "O1 O 0.5 0.5 0.5")


def cif(path, atoms=TWO_ATOMS, a="4", operations=()):
    listed = "".join(f"'{one}'\n" for one in operations)
    loop = f"loop_\n_symmetry_equiv_pos_as_xyz\n{listed}" if operations else ""
    path.write_text(CELL.format(a=a, operations=loop) + "\n".join(atoms) + "\n")
    return path


def test_a_crystal_keeps_its_own_cell(tmp_path):
    structure = read_cif(cif(tmp_path / "x.cif", operations=["x,y,z", "-x,-y,-z"]))
    assert structure.composition.formula == "Li1 O1"
    assert structure.lattice.abc == (4, 4, 4)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"atoms": [f"Li{i} Li 0 0 {i / 4000}" for i in range(4000)]}, "would have 4,000 atoms"),
        (
            {"operations": [f"x+{i}/20001,y,z" for i in range(20_000)]},
            "lists 20,000 symmetry operations; expected at most 192",
        ),
        ({"a": "1e308"}, "can't be read as a CIF"),
        ({"a": "nan"}, "can't be read as a CIF"),
        ({"atoms": ["Li1 Li nan 0 0", "O1 O 0.5 0.5 0.5"]}, "can't be read as a CIF"),
    ],
)
def test_what_no_study_can_use_is_refused(tmp_path, fields, message):
    path = cif(tmp_path / "x.cif", **fields)
    with pytest.raises(InputError, match=message) as caught:
        read_cif(path)
    assert "\n" not in str(caught.value)


def test_a_lattice_needs_no_order_and_no_distances(tmp_path):
    shared = ("Li1 Li 0 0 0", "Na1 Na 0 0 0.0001", "O1 O 0.5 0.5 0.5")
    path = cif(tmp_path / "x.cif", atoms=shared)
    with pytest.raises(InputError, match="apart; expected at least"):
        read_cif(path)
    assert read_cif(path, lattice_only=True).lattice.abc == (4, 4, 4)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        read_cif(tmp_path / "none.cif")
