"""The small coated study whole, with CHGNet: does P hold lattice O, and does everything add up.

The numbers are bounds of what is physical, not snapshots: one TM layer under one layer of
coating is too thin for more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest
from pymatgen.core import Structure
from typer.testing import CliRunner

from llo_dft.calculations.cache import CalculationCache
from llo_dft.cli.main import app
from llo_dft.study.study_files import results_schema

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.calculations.cache import JournalEntry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("chgnet") is None, reason="needs chgnet"),
]

#: A busy machine may take ten times the two minutes of a free one.
PATIENCE_S = 2400.0

STEP = "step-Li0-PO3"

#: P-O bonds in phosphates are 1.43 (P=O) to 1.70 angstrom long; relaxed to 0.1 eV/angstrom.
P_O_BOND_ANGSTROM = (1.4, 1.75)


def started(folder: Path) -> list[JournalEntry]:
    return [e for e in CalculationCache(folder / "calculations").journal() if e.event == "started"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shipped recipe was run by its name. Read only."""
    study: Path = tmp_path_factory.mktemp("coated") / "study"
    command = [sys.executable, "-m", "llo_dft.cli.main", "run", "coated_small", "-o", str(study)]
    done = subprocess.run(
        [*command, "--workers", "2", "--json"],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    written = json.loads((study / "results.json").read_text("utf-8"))
    assert json.loads(done.stdout) | {"digest": written["digest"]} == written
    return study


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text("utf-8"))
    return found


def hosts_of(results: dict[str, Any], system: str) -> list[dict[str, Any]]:
    return [host for host in results["hosts"] if host["system"] == system]


def test_everything_completed_and_fits_the_schema(results: dict[str, Any]) -> None:
    jsonschema.validate(results, json.loads(results_schema()))
    assert set(results["counts"]) == {"completed"}
    assert results["mock"] is False
    assert results["fingerprint"]["engine"] == "chgnet"


def test_lattice_o_is_bonded_to_p_and_every_phosphate_is_whole(
    folder: Path, results: dict[str, Any]
) -> None:
    (interface,) = results["interfaces"]
    lengths = [bond["length_angstrom"] for bond in interface["bonds"]]
    # the step opens one bond of each of its three PO4, and each finds its own lattice O
    assert len(lengths) == 3
    assert all(1.5 < length < 1.75 for length in lengths)
    assert len({bond["oxygen"] for bond in interface["bonds"]}) == 3
    for file in [interface["structure"], hosts_of(results, "coated")[1]["structure"]]:
        structure = Structure.from_file(folder / file)
        phosphorus = structure.indices_from_symbol("P")
        oxygen = structure.indices_from_symbol("O")
        distances = np.sort(structure.distance_matrix[np.ix_(phosphorus, oxygen)], axis=1)
        assert distances[:, :4].min() > P_O_BOND_ANGSTROM[0]
        assert distances[:, :4].max() < P_O_BOND_ANGSTROM[1]
        assert distances[:, 4].min() > 2.4  # and none has five


def test_the_lower_candidate_is_the_host_and_charged_parts_are_not_relaxed(
    results: dict[str, Any],
) -> None:
    (interface,) = results["interfaces"]
    energy = interface["energy"]
    assert (energy["coating_charge_e"], energy["work_of_adhesion_j_per_m2"]) == (6, None)
    assert energy["reason"] == "no work of adhesion: the parts have formal charges"
    energies = [one["energy_ev"] for one in interface["candidates"]]
    assert len(energies) == 2
    assert interface["rank"] == energies.index(min(energies))
    assert hosts_of(results, "coated")[0]["energy_ev"] == min(energies)


def test_p_that_lost_its_o_has_found_another(folder: Path, results: dict[str, Any]) -> None:
    pairs = [pair for pair in results["pairs"] if pair["bonded_to_former"]]
    assert {pair["holes_per_tm"] for pair in pairs} == {0.0, 1.0}
    assert {pair["rebuilt"] for pair in pairs} == {True}
    for pair in pairs:
        assert pair["termination"] == STEP
        assert pair["difference_ev"] == pytest.approx(pair["coated_ev"] - pair["bare_ev"])
        assert pair["difference_ev"] < 0.3, "no more than the O of an oxide beside"
    under_p = sorted((folder / "relaxed").glob(f"coated_{STEP}*_vac_{STEP}-OP*.cif"))
    assert under_p
    for file in under_p:
        structure = Structure.from_file(file)
        sites = structure.indices_from_symbol("P"), structure.indices_from_symbol("O")
        distances = np.sort(structure.distance_matrix[np.ix_(*sites)], axis=1)
        assert distances[:, 3].max() < P_O_BOND_ANGSTROM[1], "every PO4 is whole"


def test_o_of_the_bare_slab_leaves_more_easily_on_charging(results: dict[str, Any]) -> None:
    full, half = (
        min(vacancy["formation_energy_ev"] for vacancy in host["vacancies"])
        for host in hosts_of(results, "bare")
    )
    assert half < full - 0.5
    assert 0.5 < full < 5.0


def test_voltages_are_those_of_a_cathode(results: dict[str, Any]) -> None:
    for voltage in results["voltages"]:
        assert 2.5 < voltage["curve"]["average_v"] < 5.0
        assert len({point["n_lithium"] for point in voltage["curve"]["points"]}) == 2


def test_run_again_nothing_is_computed(folder: Path, results: dict[str, Any]) -> None:
    before = started(folder)
    again = CliRunner().invoke(
        app, ["run", "coated_small", "-o", str(folder), "--workers", "1", "--json"]
    )
    assert again.exit_code == 0
    assert started(folder) == before
    # what is printed is the file without the digest of the file
    assert json.loads(again.stdout) | {"digest": results["digest"]} == results
