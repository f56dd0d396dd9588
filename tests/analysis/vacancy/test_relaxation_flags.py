"""What relaxing a vacancy rebuilt is seen against its relaxed host, atom by atom."""

from __future__ import annotations

from typing import Any

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.vacancy.relaxation_flags import host_flags, vacancy_flags
from llo_dft.documents.calculation import CalculationDocument, Fingerprint, not_computed

SYMBOLS = ["Li", "O", "Mn", "O", "O", "Li", "O", "Mn", "O", "O", "O", "Li"]
MOMENTS = [3.1 * (symbol == "Mn") for symbol in SYMBOLS]


def cell(*gone: int) -> Structure:
    places = [[x, y, z] for x in (0.02, 0.5) for y in (0.1, 0.6) for z in (0.0, 0.33, 0.67)]
    made = Structure(Lattice.from_parameters(6, 6.5, 9.5, 90, 100, 90), SYMBOLS, places)
    made.remove_sites(list(gone))
    return made


def moved(structure: Structure, site: int, angstrom: float) -> Structure:
    return structure.copy().translate_sites([site], [0.0, angstrom, 0.0], frac_coords=False)


def made(start: Structure, end: Structure, **fields: Any) -> CalculationDocument:
    base = {
        "key": "",
        "label": "one",
        "kind": "slab_relax",
        "status": "completed",
        "fingerprint": Fingerprint(engine="vasp", engine_version="6", functional="PBE"),
        "protocol": "as found",
        "energy_ev": -1.0,
        "initial_structure": start,
        "structure": end,
    }
    return CalculationDocument(**base | fields)


HOST = made(cell(), cell(), magmoms_mu_b=MOMENTS)


def test_a_host_is_compared_with_its_own_start() -> None:
    assert host_flags(HOST) == []
    assert host_flags(made(cell(), moved(cell(), 0, 1.9))) == ["moved: Li0 1.90 A"]


def test_a_vacancy_is_compared_with_the_relaxed_host_whatever_it_began_with() -> None:
    rebuilt = moved(cell(3), 0, 1.9)
    assert vacancy_flags(HOST, made(cell(3), rebuilt)) == ["moved: Li0 1.90 A"]
    # the last of several runs began with what the first one rebuilt
    (flag,) = vacancy_flags(HOST, made(moved(cell(3), 0, 0.9), rebuilt))
    assert flag == "moved: Li0 1.90 A"


def test_moments_are_those_of_the_same_atoms() -> None:
    kept = [m for i, m in enumerate(MOMENTS) if i != 1]
    assert vacancy_flags(HOST, made(cell(1), cell(1), magmoms_mu_b=kept)) == []
    changed = [m + 0.8 * (i == 1) for i, m in enumerate(kept)]  # the first Mn, once O1 is gone
    found = vacancy_flags(HOST, made(cell(1), cell(1), magmoms_mu_b=changed))
    assert found == ["moment: Mn1 3.1 -> 3.9 mu_B"]


def test_an_atom_far_from_every_site_is_said_to_be() -> None:
    start = moved(cell(3), 0, 1.1)
    assert vacancy_flags(HOST, made(start, start)) == ["moved: an atom began 1.10 A from any site"]


@pytest.mark.parametrize("host", [not_computed("h", "missing", "no job"), made(cell(0), cell(0))])
def test_without_a_host_that_fits_it_is_compared_with_its_own_start(
    host: CalculationDocument,
) -> None:
    assert vacancy_flags(host, made(cell(3), moved(cell(3), 0, 1.9))) == ["moved: Li0 1.90 A"]


def test_what_did_not_complete_has_no_flags() -> None:
    failed = not_computed("v", "failed", "no power")
    assert vacancy_flags(HOST, failed) == host_flags(failed) == []
