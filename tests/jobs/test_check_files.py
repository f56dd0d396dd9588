from dataclasses import replace

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import ReadBack
from llo_dft.errors import CalculationError
from llo_dft.jobs.check_files import checked_fingerprint

ASKED = Fingerprint(
    engine="plane waves",
    engine_version="",
    functional="PBE+U",
    u_values_ev={"Mn": 3.9},
    pseudopotentials={"Mn": "Mn_pv"},
    cutoff_ev=520.0,
    k_spacing_per_angstrom=0.4,
)
ENERGY_EV = -21.5


def found(**changes):
    used = ASKED.model_copy(update={"engine_version": "6.4.2", **changes})
    structure = Structure(Lattice.cubic(4.0), ["Li"], [[0, 0, 0]])
    of_the_run = ("engine_version", "k_spacing_per_angstrom")
    return ReadBack(used, ENERGY_EV, structure, of_the_run=of_the_run)


def test_what_agrees_gets_what_only_the_run_decides():
    used = checked_fingerprint(found(k_spacing_per_angstrom=0.41), ASKED, ENERGY_EV)
    assert used == ASKED.model_copy(
        update={"engine_version": "6.4.2", "k_spacing_per_angstrom": 0.41}
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cutoff_ev": 650.0}, r"cutoff_ev: requested 520\.0, the files have 650\.0"),
        ({"functional": "PBE"}, r"functional: requested 'PBE\+U', the files have 'PBE'"),
        ({"u_values_ev": {"Mn": 4.0}}, r"u_values_ev: requested \{'Mn': 3\.9\}.* \{'Mn': 4\.0\}"),
        ({"pseudopotentials": {}}, "pseudopotentials: .*Mn_pv.* the files have {}"),
        ({"dispersion": "D3(BJ)"}, r"dispersion: requested ''"),
    ],
)
def test_another_setting_is_refused_with_both_values(changes, message):
    with pytest.raises(CalculationError, match=message):
        checked_fingerprint(found(**changes), ASKED, ENERGY_EV)


def test_of_an_engines_own_settings_those_asked_for_must_agree_and_all_are_kept():
    asked = ASKED.model_copy(update={"settings": {"LASPH": True}, "own_settings": {"SIGMA": 0.05}})
    used = {"settings": {"LASPH": True, "PREC": "Normal"}, "own_settings": {"SIGMA": 0.05}}
    kept = checked_fingerprint(found(**used), asked, ENERGY_EV)
    assert kept.settings == used["settings"]
    with pytest.raises(CalculationError, match="LASPH: requested True, the files have False"):
        checked_fingerprint(found(**used | {"settings": {"LASPH": False}}), asked, ENERGY_EV)
    kept = checked_fingerprint(found(**used | {"own_settings": {}}), asked, ENERGY_EV)
    assert kept.own_settings == {"SIGMA": 0.05}  # not every file repeats what was asked for


def test_rounding_in_a_file_is_no_other_setting():
    assert checked_fingerprint(found(cutoff_ev=520.0001), ASKED, ENERGY_EV).cutoff_ev == 520.0


def test_another_energy_is_refused_with_both():
    with pytest.raises(CalculationError, match=r"returned -21\.49998 eV, the files have -21\.5"):
        checked_fingerprint(found(), ASKED, ENERGY_EV + 2e-5)
    checked_fingerprint(found(), ASKED, ENERGY_EV + 5e-6)
    with pytest.raises(CalculationError, match="the files have None"):
        checked_fingerprint(replace(found(), energy_ev=None), ASKED, ENERGY_EV)


def test_what_the_files_say_is_wrong_is_refused():
    broken = replace(found(), problems=("not converged: 60 steps",))
    with pytest.raises(CalculationError, match=r"^not converged: 60 steps$"):
        checked_fingerprint(broken, ASKED, ENERGY_EV)


def test_where_there_are_no_files_what_was_asked_for_stands():
    assert checked_fingerprint(None, ASKED, ENERGY_EV) is ASKED
