from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING

import pytest

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.outcar import Outcar, read_outcar

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """
 magnetization (x)

# of ion       s       p       d       tot
------------------------------------------
    1        0.003   0.004   {d:.3f}   {total:.3f}
    2        0.001  -0.050   0.000  -0.049
--------------------------------------------------
tot          0.004  -0.046   {d:.3f}   {sum:.3f}

"""
TEXT = (
    " vasp.6.4.2\n"
    + TABLE.format(d=1.0, total=1.007, sum=0.958)
    + TABLE.format(d=3.6, total=3.607, sum=3.558)
    + " vacuum level on the upper side and lower side of the slab         5.250         5.125\n"
    + " the core state eigenenergies are\n\n"
    + "    1-  1s  -6400.1234  2s   -720.5000  2p   -610.2500\n       3s    -80.1250\n"
    + "    2-  1s   -510.7500\n\n"
    + " E-fermi :   1.0000\n"
    + "                         Elapsed time (sec):      321.500\n"
)
TRUTH = Outcar(
    wall_s=321.5,
    moments_mu_b=(3.607, -0.049),
    vacuum_levels_ev=(5.25, 5.125),
    core_levels_ev=(
        {"1s": -6400.1234, "2s": -720.5, "2p": -610.25, "3s": -80.125},
        {"1s": -510.75},
    ),
)


def test_the_last_of_what_repeats_counts(tmp_path: Path):
    path = tmp_path / "OUTCAR"
    path.write_text(TEXT)
    assert read_outcar(path) == TRUTH
    packed = tmp_path / "OUTCAR.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert read_outcar(packed) == TRUTH


def test_what_is_not_there_is_none(tmp_path: Path):
    path = tmp_path / "OUTCAR"
    path.write_text(" vasp.6.4.2\n nothing\n")
    assert read_outcar(path) == Outcar()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    2        0.001", "    3        0.001"),
        ("3.600   3.607", "3.600   9.607"),
        ("3.600   3.607", "*****   3.607"),
        ("3.600   3.558", "3.600   3.588"),
        (TEXT[TEXT.rindex("    2        0.001") :], ""),
    ],
)
def test_a_damaged_table_is_named(tmp_path: Path, old: str, new: str):
    path = tmp_path / "OUTCAR"
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(VaspFileError, match=r"corrupt at magnetization \(x\): .* after atom [012]"):
        read_outcar(path)


def test_cuts_never_give_wrong_moments(tmp_path: Path):
    path = tmp_path / "OUTCAR"
    source = random.Random(5)  # noqa: S311 (damage, not secrets)
    allowed = {None, (1.007, -0.049), TRUTH.moments_mu_b}
    for _ in range(300):
        path.write_text(TEXT[: source.randrange(len(TEXT))])
        try:
            assert read_outcar(path).moments_mu_b in allowed
        except VaspFileError as error:
            assert "breaks off" in str(error)  # noqa: PT017 (either is right)


def test_moments_of_non_collinear_spins_are_not_moments_along_one_axis(tmp_path: Path):
    path = tmp_path / "OUTCAR"
    path.write_text(TEXT + TABLE.replace("(x)", "(y)").format(d=1.0, total=1.007, sum=0.958))
    assert read_outcar(path).moments_mu_b is None


CHARGES = TABLE.replace("magnetization (x)", "total charge").format(d=1.0, total=1.007, sum=0.958)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (
            TEXT + CHARGES,
            "truncated at total charge: the last step has charges of the atoms and no",
        ),
        (TEXT.replace("    2-  1s", "    3-  1s"), "corrupt.*repeats itself, after atom 1"),
        (TEXT[: TEXT.index("-510.75") + 6], "corrupt at core state eigenenergies: the table break"),
    ],
)
def test_damage_that_would_show_another_step_or_atom_is_named(
    tmp_path: Path, text: str, match: str
):
    path = tmp_path / "OUTCAR"
    path.write_text(text)
    with pytest.raises(VaspFileError, match=match):
        read_outcar(path)


def test_a_number_at_the_cut_is_not_taken(tmp_path: Path):
    path = tmp_path / "OUTCAR"
    path.write_text(TEXT[: TEXT.index("5.125") + 4])  # 5.12
    assert read_outcar(path).vacuum_levels_ev is None
