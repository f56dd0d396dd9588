"""Pairs of runs that differ in one setting of VASP each: refused, named, or no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.analysis.comparability.subtractable import check_hosts, check_metal, check_vacancy
from llo_dft.engines.vasp.energy_tags import known_tags, tag_of
from llo_dft.engines.vasp.files.run_folder import read_run
from llo_dft.runs.plain_runs import PlainRun, read_plain_run
from llo_dft.testing import plain_run_writer as make
from llo_dft.testing.vasprun_writer import Run, text

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.analysis.comparability.subtractable import FinishedRun
    from llo_dft.documents.calculation import Fingerprint


HYBRID = make.HSE06
WORDS = {"PREC": "low", "PRECFOCK": "Fast"}


def written(value: object) -> tuple[str, str]:
    """A value as VASP writes it, with its type."""
    if isinstance(value, bool):
        return "logical", f" {str(value)[0]}  "
    if isinstance(value, int):
        return "int", f"{value:6d}"
    if isinstance(value, float):
        return "", f"{value:16.8f}"
    return "string", str(value)


def another(name: str) -> object:
    """A value that is not VASP's own."""
    first = (tag_of(name).defaults or (7,))[0]
    if name in WORDS:
        return WORDS[name]
    if isinstance(first, bool):
        return not first
    return first + type(first)(5)  # type: ignore[operator]


def finished(folder: Path, **fields: Any) -> FinishedRun:
    run = read_plain_run(make.host(folder, fields=None, n_energies=11, **fields)).completed
    assert run is not None
    return run


def fingerprint(folder: Path, **fields: Any) -> Fingerprint:
    run = Run(fields=None, n_energies=11, **fields)
    folder.mkdir()
    (folder / "vasprun.xml").write_text(text(run), encoding="latin-1")
    return read_run(folder).fingerprint


def pair(folder: Path, name: str) -> tuple[FinishedRun, FinishedRun]:
    """Two runs of which the second has another value of a tag."""
    tag, value = tag_of(name), written(another(name))
    asked = {name: value} if tag.defaults is None else {}
    used = {} if tag.defaults is None else {name: value}
    on = ("logical", " T  ")
    common: dict[str, Any] = {tag.switch: on} if tag.switch and tag.switch != name else {}
    common |= HYBRID if tag.switch == "LHFCALC" else {}
    return (
        finished(folder / "first", settings=common),
        finished(folder / "second", settings=common | used, asked=asked),
    )


#: With these a run has no energy to compare in the first place.
ALONE = {"ICHARG", "ML_LMLFF", "SCALEE"}


def of_weight(weight: str) -> list[str]:
    names = [
        name
        for name, tag in known_tags().items()
        if tag.weight == weight and not {name, tag.switch} & ALONE
    ]
    return [f"{name[:-1]}X" if name.endswith("*") else name for name in names]


@pytest.mark.parametrize("name", of_weight("refused") + of_weight("own"))
def test_each_tag_that_decides_an_energy_is_refused_with_both_values(
    tmp_path: Path, name: str
) -> None:
    first, second = pair(tmp_path, name)
    for check in (check_vacancy, check_hosts):
        with pytest.raises(ComparabilityError, match=rf"\b{name}: .+ and .+"):
            check(first, second, [])
    names = [name, "functional", "spin_polarized"]
    (allowed,) = (one for one in check_vacancy(first, second, names) if one.field == name)
    assert allowed.forbids


@pytest.mark.parametrize("name", [*of_weight("named"), "LNEWSWITCH"])
def test_what_hardly_decides_or_is_not_known_is_named_with_both_values(
    tmp_path: Path, name: str
) -> None:
    (found,) = check_vacancy(*pair(tmp_path, name), [])
    assert found.text.startswith(f"{name}: ")
    assert not found.forbids


def test_harmless_tags_are_no_difference(tmp_path: Path) -> None:
    names = ["NPAR", "NCORE", "LWAVE", "NELM", "ALGO", "AMIX", "NSW", "NEDOS", "LORBIT", "NBANDS"]
    asked = {name: ("int", "     3") for name in names if name != "ALGO"}
    asked["ALGO"] = ("string", "Fast")
    first, second = finished(tmp_path / "a"), finished(tmp_path / "b", asked=asked)
    assert check_vacancy(first, second, []) == []
    assert all(tag_of(name).weight == "harmless" for name in names)


@pytest.mark.parametrize("name", of_weight("own"))
def test_a_reference_has_its_own(tmp_path: Path, name: str) -> None:
    host, metal = pair(tmp_path, name)
    assert check_metal(host, metal, []) == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"ldau_type": 1}, r"functional: 'PBE\+U' and 'PBE\+U\(LDAUTYPE=1\)'"),
        ({"ldau_l": 1}, r"u_shells\[Mn\]: 2 and 1"),
        ({"asked": {"IVDW": ("int", "    13")}}, "dispersion: '' and 'D4'"),
        ({"asked": {"IVDW": ("int", "     3")}}, "dispersion: '' and 'DFT-ulg'"),
        ({"asked": {"IVDW": ("int", "    10")}}, "dispersion: '' and 'D2'"),
        ({"settings": make.SCAN}, r"functional: 'PBE\+U' and 'SCAN\+U'"),
        ({"settings": {"LSORBIT": ("logical", " T  ")}}, "LSORBIT: False and True"),
        ({"version": "6.5.0"}, r"engine_version: '6\.4\.2' and '6\.5\.0'"),
    ],
)
def test_what_has_a_common_name_is_compared_by_it(
    tmp_path: Path, fields: dict[str, Any], text: str
) -> None:
    first, second = finished(tmp_path / "a"), finished(tmp_path / "b", **fields)
    with pytest.raises(ComparabilityError, match=text):
        check_vacancy(first, second, [])


def test_of_non_collinear_spins_neither_up_nor_down_is_known(tmp_path: Path) -> None:
    spins = {"settings": {"LNONCOLLINEAR": ("logical", " T  ")}, "spins": 1}
    assert fingerprint(tmp_path / "all", **spins).spin_polarized is None
    assert fingerprint(tmp_path / "none", spins=1).spin_polarized is False


def test_j_counts_where_it_is_not_part_of_u(tmp_path: Path) -> None:
    """Dudarev's U - J is one number; with LDAUTYPE = 1 there are two (VASP wiki, LDAUTYPE)."""
    kinds = {"u_values": {"Mn": 4.9}, "j_values": {"Mn": 1.0}}
    dudarev = fingerprint(tmp_path / "two", **kinds)
    assert (dudarev.u_values_ev, dudarev.j_values_ev) == ({"Mn": pytest.approx(3.9)}, {})
    both = fingerprint(tmp_path / "one", ldau_type=1, **kinds)
    assert (both.u_values_ev, both.j_values_ev) == ({"Mn": 4.9}, {"Mn": 1.0})
    runs = [
        finished(tmp_path / f"{j}", ldau_type=1, j_values={"Mn": j} if j else {}) for j in (0, 1.0)
    ]
    with pytest.raises(ComparabilityError, match=r"j_values_ev\[Mn\]: J = 0\.0 and 1\.0"):
        check_vacancy(runs[0], runs[1], [])


def test_two_hybrids_differ_by_name_and_by_number(tmp_path: Path) -> None:
    other = HYBRID | {"HFSCREEN": ("", f"{0.3:16.8f}")}
    first, second = (
        finished(tmp_path / name, settings=tags) for name, tags in (("a", HYBRID), ("b", other))
    )
    with pytest.raises(ComparabilityError, match=r"'HSE06\+U' and 'HSE03\+U'; HFSCREEN: 0\.2 and"):
        check_vacancy(first, second, [])


def test_what_only_one_of_two_functionals_has_is_allowed_with_them(tmp_path: Path) -> None:
    first, second = finished(tmp_path / "a"), finished(tmp_path / "b", settings=HYBRID)
    found = check_vacancy(first, second, ["functional"])
    assert [(one.field, one.forbids) for one in found] == [
        ("functional", True),
        ("AEXX", False),
        ("HFSCREEN", False),
    ]


#: The layout of an OUTCAR of VASP 5.4.4 between the electrons and the energy of a step.
OUTCAR = """ vasp.5.4.4
------------------------ aborting loop because EDIFF is reached ---------------------------
         DFTD3 V3.0 Rev 1
 IVDW         = {kind}
 VDW_S8       =    0.7220
 Edisp (eV)  -28.80731
  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
 IVDW         = 99
"""
PLAIN = " vasp.5.4.4\n  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n Edisp (eV)  -1.0\n"


def run(folder: Path, outcar: str = "", incar: str = "", version: str = "5.4.4") -> PlainRun:
    make.host(folder, version=version)
    if outcar:
        (folder / "OUTCAR").write_text(outcar)
    if incar:
        (folder / "INCAR").write_text(incar)
    return read_plain_run(folder)


def dispersion(found: PlainRun) -> str:
    assert found.run is not None
    assert found.run.calculation.fingerprint is not None
    return found.run.calculation.fingerprint.dispersion


@pytest.mark.parametrize(
    ("outcar", "incar", "expected"),
    [
        (OUTCAR.format(kind=11), "", "D3"),
        (OUTCAR.format(kind=12), "IVDW = 11", "D3(BJ)"),  # what was used, not what is beside it now
        ("", "ENCUT = 520 ; ivdw = 12 ! Grimme", "D3(BJ)"),
        ("", "# IVDW = 12\nLVDW = .TRUE.", "D2"),
        ("", "ENCUT = 520", ""),
        (" Edisp (eV)  -1.0\n", "LVDW = T", "D2"),  # VASP 5.2 names no kind
        (PLAIN, "", ""),
        (PLAIN.replace("FREE", "Edisp (eV) -1\nFREE"), "", "of a kind that OUTCAR does not name"),
    ],
)
def test_read_from_beside(tmp_path: Path, outcar: str, incar: str, expected: str) -> None:
    found = run(tmp_path / "run", outcar, incar)
    assert dispersion(found) == expected
    assert not any("dispersion" in note for note in found.notes)


def test_it_is_compared(tmp_path: Path) -> None:
    with_it, without = run(tmp_path / "a", OUTCAR.format(kind=12)), run(tmp_path / "b", PLAIN)
    assert with_it.completed is not None
    assert without.completed is not None
    with pytest.raises(ComparabilityError, match=r"dispersion: 'D3\(BJ\)' and ''"):
        check_vacancy(with_it.completed, without.completed, [])


def test_nothing_beside_it_is_said(tmp_path: Path) -> None:
    assert any("not known" in note for note in run(tmp_path / "five").notes)
    assert run(tmp_path / "six", version="6.4.2").notes == []
    # VASP 6 has it in vasprun.xml; what lies beside it is not looked at
    assert dispersion(run(tmp_path / "other", OUTCAR.format(kind=12), version="6.4.2")) == ""


@pytest.mark.parametrize("version", ["5.4.4", "6.4.2"])
def test_parameters_of_the_correction_count(tmp_path: Path, version: str) -> None:
    """A real vasprun.xml of VASP 6 has IVDW and none of them."""
    asked = {"asked": {"IVDW": ("int", "    12")}} if version[0] == "6" else {}
    runs = []
    for name, incar in (("a", "IVDW = 12"), ("b", "IVDW = 12\nVDW_S8 = 2.31 # HSE06")):
        make.host(tmp_path / name, version=version, **asked)
        (tmp_path / name / "INCAR").write_text(incar)
        runs.append(read_plain_run(tmp_path / name).completed)
    assert runs[0] is not None
    assert runs[1] is not None
    with pytest.raises(ComparabilityError, match=r"VDW_S8: not set and 2\.31"):
        check_vacancy(runs[0], runs[1], [])
