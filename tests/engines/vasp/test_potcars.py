import bz2
import json
from pathlib import Path

import pymatgen.io.vasp
import pytest

from llo_dft.chemistry.element_table import MATERIALS_PROJECT_U_EV
from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.potcars import (
    POTCARS,
    hardest,
    n_electrons,
    potcar_of,
)


def test_titles_and_valences_are_those_of_pymatgens_list_of_the_licensed_set():
    path = Path(pymatgen.io.vasp.__file__).parent / "potcar-summary-stats.json.bz2"
    known = json.loads(bz2.decompress(path.read_bytes()))["PBE_54"]
    for potcar in POTCARS.values():
        (entry,) = {(one["symbol"], one["ZVAL"]) for one in known[potcar.title.replace(" ", "")]}
        assert entry == (potcar.symbol, float(potcar.valence))


def test_pseudopotentials_and_u_are_the_materials_projects():
    from pymatgen.io.vasp.sets import MPRelaxSet

    config = MPRelaxSet.CONFIG
    assert {e: p.symbol for e, p in POTCARS.items()} == {e: config["POTCAR"][e] for e in POTCARS}
    theirs = dict(config["INCAR"]["LDAUU"]["O"])
    del theirs["W"]
    assert dict(MATERIALS_PROJECT_U_EV) == theirs


def test_the_elements_of_the_recipes_and_their_dopants_have_a_pseudopotential():
    known = {
        "Li",
        "O",
        "P",
        *["Mn", "Ni", "Co", "Fe", "Ti", "V", "Cr", "Ru", "Nb", "Mo", "Zr", "Sn", "Al", "Mg"],
        *["C", "In", "Y", "La", "F", "Cl", "S", "Ta", "B", "Si"],  # of coatings
    }
    assert known == set(POTCARS)


def test_the_hardest_of_a_lithiated_oxide_is_lithium():
    assert hardest(["Li", "Mn", "Ni", "O"]) == ("Li_sv", 499.034)
    assert hardest(["O"]) == ("O", 400.0)


def test_electrons_add_up():
    assert n_electrons(["O", "O"]) == 12
    assert n_electrons(["Li"] * 2 + ["Mn"] + ["O"] * 3) == 2 * 3 + 13 + 3 * 6


def test_an_element_without_one_is_named():
    with pytest.raises(
        EngineError,
        match=r"chosen for W; expected one of Li, .* \[elements.W\] of chemistry/elements.toml",
    ):
        potcar_of("W")
