"""The comparison with what was recorded sees every difference, on both sides."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vasp_inputs import RELAX, STATIC, lithium, oxide, write_inputs

from llo_dft.testing.recorded import (
    assert_as_recorded,
    assert_run_as_recorded,
    differences,
    input_differences,
)

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin import StandIn

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(-10, 10), st.text(max_size=3)
)
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_nothing_differs_from_itself(data):
    assert differences(data, data) == []


@given(st.dictionaries(st.text("abc", min_size=1), plain, min_size=1), st.data())
def test_a_key_of_one_side_alone_is_named_on_either_side(data, draw):
    key = draw.draw(st.sampled_from(sorted(data)))
    less = {name: value for name, value in data.items() if name != key}
    assert differences(less, data) == [f"{key} is missing, recorded {data[key]!r}"]
    assert differences(data, less) == [f"{key} is too much, {data[key]!r}"]


@pytest.mark.parametrize(
    ("written", "recorded", "said"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b is 1, recorded 2"]),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}, ["a is [1.0, 2.0], recorded [1.0, 2.5]"]),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}, ["a[0].b is too much, 1", "a[0].c is missing, r"]),
        ({"a": [{}]}, {"a": [{}, {}]}, ["a has 1 entries, recorded 2"]),
        (1.0 + 1e-12, 1.0, []),
        (True, 1, ["is True, recorded 1"]),
        (1, True, ["is 1, recorded True"]),
        ("1", 1, ["is '1', recorded 1"]),
        (float("nan"), 1.0, ["is nan, recorded 1.0"]),
        (None, {}, ["is None, recorded {}"]),
    ],
)
def test_differences_are_named_with_their_place(written, recorded, said):
    found = differences(written, recorded)
    assert len(found) == len(said)
    for text, expected in zip(found, said, strict=True):
        assert text.startswith(expected)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of the same inputs."""
    return tuple(write_inputs(tmp_path / name, oxide(), RELAX, hubbard=True) for name in "ab")


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def test_the_same_inputs_are_the_same_whatever_the_order_of_tags(two):
    written, recorded = two
    lines = (written / "INCAR").read_text().splitlines()
    (written / "INCAR").write_text("\n".join(reversed(lines)))
    (written / "vasp.out").write_text("an output is no input")
    assert input_differences(written, recorded) == []
    assert_as_recorded(written, recorded, "not needed")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("INCAR", "SIGMA = 0.05\n", "", "INCAR: SIGMA is missing, recorded 0.05"),
        ("INCAR", "SIGMA", "NCORE = 4\nSIGMA", "INCAR: NCORE is too much, 4"),
        ("INCAR", "0.05", "0.1", "INCAR: SIGMA is 0.1, recorded 0.05"),
        ("INCAR", "3.9", "4.0", "INCAR: LDAUU is [0.0, 4.0, 0.0], recorded [0.0, 3.9, 0.0]"),
        ("KPOINTS", "2 2 1", "2 2 2", "KPOINTS: divisions[0] is"),
        ("KPOINTS", "Gamma", "Monkhorst-Pack", "KPOINTS: style is 'Monkhorst', recorded 'Gamma'"),
        ("POSCAR", "direct", "cartesian", "POSCAR: fractional[0] is"),
        ("POSCAR", "4 2 6", "3 3 6", "POSCAR: counts is [3, 3, 6], recorded [4, 2, 6]"),
        ("POTCAR.spec", "Li_sv", "Li", "POTCAR.spec: symbols[0] is 'Li', recorded 'Li_sv'"),
    ],
)
def test_a_change_of_any_file_is_named(two, name: str, old: str, new: str, said: str):
    written, recorded = two
    _edit(written, name, old, new)
    found = input_differences(written, recorded)
    assert any(text.startswith(said) for text in found), found
    with pytest.raises(AssertionError, match="if all of this is wanted: do this"):
        assert_as_recorded(written, recorded, "do this")


def test_held_atoms_are_compared(two):
    written, recorded = two
    structure = oxide()
    structure.add_site_property("selective_dynamics", [[True] * 3] * 11 + [[False] * 3])
    write_inputs(written, structure, RELAX, hubbard=True)
    (text,) = input_differences(written, recorded)
    assert text.startswith("POSCAR: movable is [[True")


@pytest.mark.parametrize("name", ["KPOINTS", "POTCAR.spec"])
def test_a_file_on_one_side_alone_is_named(two, name: str):
    written, recorded = two
    (written / name).unlink()
    assert input_differences(written, recorded) == [f"{name}: the file is missing"]
    assert input_differences(recorded, written) == [f"{name}: the file is too much"]


def test_a_run_is_compared_by_its_inputs_and_by_what_is_found_in_its_outputs(
    standin_vasp: StandIn, tmp_path: Path
):
    run = write_inputs(tmp_path / "run", oxide(), STATIC | {"LORBIT": 11})
    standin_vasp.run(run)
    record = tmp_path / "record"
    with pytest.raises(AssertionError, match="nothing is recorded in"):
        assert_run_as_recorded(run, record)
    assert_run_as_recorded(run, record, record=True)
    assert_run_as_recorded(run, record)
    found = json.loads((record / "found.json").read_text())
    assert found["mock"] is True
    assert sum(found["final"]["counts"]) == len(oxide())

    other = write_inputs(tmp_path / "other", oxide(), STATIC | {"NCORE": 4})
    (other / "INCAR").write_text(
        "\n".join(
            line for line in (other / "INCAR").read_text().splitlines() if "LASPH" not in line
        )
    )
    standin_vasp.run(other)
    with pytest.raises(AssertionError) as failed:
        assert_run_as_recorded(other, record)
    lines = str(failed.value).splitlines()
    assert "INCAR: LASPH is missing, recorded True" in lines  # a comparison of our keys passes it
    assert "INCAR: NCORE is too much, 4" in lines


def test_a_packed_run_is_the_same_run(standin_vasp: StandIn, tmp_path: Path):
    run = write_inputs(tmp_path / "run", lithium(), STATIC | {"ISPIN": 1})
    standin_vasp.run(run)
    assert_run_as_recorded(run, tmp_path / "record", record=True)
    for path in list(run.iterdir()):
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert_run_as_recorded(run, tmp_path / "record")
