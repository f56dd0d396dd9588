import pytest

from llo_dft.chemistry.element_table import MATERIALS_PROJECT_U_EV
from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.protocols import VASP_PROTOCOLS, VaspProtocol, vasp_protocol


def test_protocols_get_stricter_in_everything_that_converges():
    fast, balanced, stringent = (VASP_PROTOCOLS[n] for n in ("fast", "balanced", "stringent"))
    assert fast.encut_ev < balanced.encut_ev < stringent.encut_ev
    for name in ("k_spacing", "ediff_ev", "force_tolerance", "cell_force_tolerance"):
        values = [getattr(protocol, name) for protocol in (fast, balanced, stringent)]
        assert values == sorted(values, reverse=True)
        assert len(set(values)) == 3
    assert {p.sigma_ev for p in VASP_PROTOCOLS.values()} == {0.05}


def test_the_cutoff_of_results_is_that_of_the_stresses():
    assert VASP_PROTOCOLS["balanced"].encut_ev >= 1.3 * 499.034


def test_overrides_replace_only_what_they_name():
    changed = vasp_protocol("balanced", {"encut_ev": 600, "dispersion": "D3(BJ)"})
    assert (changed.encut_ev, changed.dispersion) == (600.0, "D3(BJ)")
    default = vasp_protocol("balanced", {})
    assert changed.k_spacing == default.k_spacing
    assert changed.u_values_ev == default.u_values_ev == dict(MATERIALS_PROJECT_U_EV)


def test_a_u_is_merged_with_the_others_of_pbe_and_stands_alone_otherwise():
    merged = vasp_protocol("fast", {"u_values_ev": {"Mn": 4.5, "Ni": 0}}).u_values_ev
    assert (merged["Mn"], merged["Ni"], merged["Co"]) == (4.5, 0.0, 3.32)
    assert vasp_protocol("fast", {"functional": "r2SCAN"}).u_values_ev == {}
    own = vasp_protocol("fast", {"functional": "r2SCAN", "u_values_ev": {"Mn": 1.8}})
    assert own.u_values_ev == {"Mn": 1.8}
    assert vasp_protocol("fast", {"functional": "HSE06"}).u_values_ev == {}


def test_the_settings_are_plain_data_and_make_the_protocol_again():
    protocol = vasp_protocol("stringent", {"magnetic_order": "rows"})
    assert VaspProtocol(**protocol.model_dump()) == protocol


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ENCUT": 600}, "unknown key 'ENCUT' .* expected .*encut_ev"),
        ({"description": "mine"}, "unknown key 'description'"),
        ({"functional": "PBE"}, r"functional = 'PBE'; expected 'PBE\+U', 'r2SCAN' or 'HSE06'"),
        ({"functional": ["PBE"]}, r"functional = \['PBE'\]; expected 'PBE"),
        ({"dispersion": "D4"}, r"dispersion = 'D4'; expected 'none' or 'D3\(BJ\)'"),
        ({"magnetic_order": "AFM"}, "magnetic_order = 'AFM'; expected 'ferro', 'rows' or 'lower'"),
        ({"encut_ev": "high"}, "encut_ev = 'high'; expected a valid number"),
        ({"encut_ev": 0}, "encut_ev = 0; expected greater than 0"),
        ({"encut_ev": -1.0}, r"encut_ev = -1\.0; expected"),
        ({"encut_ev": True}, "encut_ev = True; expected"),
        ({"encut_ev": float("nan")}, "encut_ev = nan; expected"),
        ({"encut_ev": float("inf")}, "encut_ev = inf; expected"),
        ({"max_steps": 10.5}, "max_steps = 10.5; expected a valid integer"),
        ({"fixed_layers": -1}, "fixed_layers = -1; expected"),
        ({"real_space_projection": 1}, "real_space_projection = 1; expected a valid boolean"),
        ({"u_values_ev": 3.9}, r"u_values_ev = 3\.9; expected a valid dictionary"),
        ({"u_values_ev": {"Xx": 3.9}}, "Xx has no d shell for a U to act on"),
        ({"u_values_ev": {"O": 5.0}}, "O has no d shell for a U to act on"),
        ({"u_values_ev": {"Mn": "3.9"}}, r"u_values_ev\.Mn = '3\.9'; expected"),
        ({"u_values_ev": {"Mn": -3.9}}, r"u_values_ev\.Mn = -3\.9; expected"),
        ({"functional": "HSE06", "u_values_ev": {"Mn": 3.9}}, 'does not go with .* "HSE06"'),
    ],
)
def test_wrong_overrides_are_refused_in_one_line(overrides, message):
    with pytest.raises(EngineError, match=message) as caught:
        vasp_protocol("balanced", overrides)
    assert "\n" not in str(caught.value)


def test_unknown_protocol_names_those_that_are_there():
    with pytest.raises(EngineError, match="'quick' is unknown; expected fast, balanced, stringent"):
        vasp_protocol("quick", {})
