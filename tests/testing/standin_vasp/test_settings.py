"""What the stand-in is told, and which start has which fault."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from llo_dft.testing.standin import install
from llo_dft.testing.standin_vasp.counting import STARTS_FILE, CountedStart, count_start
from llo_dft.testing.standin_vasp.settings import (
    FAULTS,
    SettingsError,
    StagedFault,
    StandInSettings,
    load_settings,
)

if TYPE_CHECKING:
    from pathlib import Path

METAL = CountedStart(folder="/runs/Li", comment="Li2", formula="Li2", relaxes=True)
SLAB = CountedStart(
    folder="/runs/slab_03", comment="slab of Li4 Mn2 O6", formula="Li4 Mn2 O6", relaxes=True
)
POINT = CountedStart(folder="/runs/point", comment="one point", formula="Li4 Mn2 O6", relaxes=False)


def kinds(settings: StandInSettings, *starts: CountedStart) -> list[str | None]:
    found = [count_start(settings, start) for start in starts]
    return [None if fault is None else fault.kind for fault in found]


def test_what_is_installed_is_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fault = {"kind": "zbrent", "formula": r"^Li\d+ Mn", "times": 3, "limit_s": 2.5}
    standin = install(
        tmp_path,
        engine="chgnet",
        faults=[fault],
        grid_divisor=2,
        asked_grid_divisor=5,
        chgnet={"optimizer": "LBFGS", "force_tolerance": 0.01},
    )
    standin.use(monkeypatch)
    settings = load_settings()
    assert settings.faults == (StagedFault(**fault),)
    assert settings.state == standin.folder
    assert (settings.engine, settings.grid_divisor, settings.asked_grid_divisor) == ("chgnet", 2, 5)
    assert settings.chgnet.optimizer == "LBFGS"
    assert settings.chgnet.cell_force_tolerance is None
    monkeypatch.setenv("STANDIN_VASP_ENGINE", "pair")
    assert load_settings().engine == "pair"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('engine = "gromacs"', "engine = 'gromacs'; expected one of pair, chgnet"),
        ("grid = 3", "unknown key 'grid' in the settings"),
        ('[[faults]]\nkind = "boredom"', "faults.kind = 'boredom'; expected one of"),
        ('[[faults]]\nkind = "crash"\nformul = "Li"', r"unknown key 'formul' in \[\[faults\]\]"),
        ('[[faults]]\nkind = "crash"\nformula = "("', "unterminated subpattern"),
        ("[chgnet]\nfmax = 0.1", r"unknown key 'fmax' in \[chgnet\]"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str):
    standin = install(tmp_path)
    (standin.folder / "standin.toml").write_text(text)
    standin.use(monkeypatch)
    with pytest.raises(SettingsError, match=said):
        load_settings()


def test_a_fault_is_chosen_by_formula_comment_folder_and_start(tmp_path: Path):
    faults = (
        StagedFault("crash", start=2),
        StagedFault("killed", formula="^Li2$", times=2),
        StagedFault("nan_energy", folder="slab_0[3-9]$", comment="Mn"),
    )
    settings = StandInSettings(state=tmp_path, faults=faults)
    starts = (SLAB, METAL, METAL, METAL, METAL, POINT, SLAB)
    expected = ["nan_energy", "crash", "killed", "killed", None, None, None]
    assert kinds(settings, *starts) == expected
    log = [json.loads(line) for line in (tmp_path / STARTS_FILE).read_text().splitlines()]
    assert [entry["kind"] for entry in log] == expected
    assert [entry["number"] for entry in log] == list(range(1, 8))
    assert log[2]["folder"] == METAL.folder


def test_a_fault_without_limit_happens_always(tmp_path: Path):
    settings = StandInSettings(state=tmp_path, faults=(StagedFault("crash", times=0),))
    assert kinds(settings, SLAB, METAL, SLAB) == ["crash"] * 3


@pytest.mark.parametrize("kind", FAULTS)
def test_relaxations_alone_have_faults_of_relaxations(tmp_path: Path, kind: str):
    settings = StandInSettings(state=tmp_path, faults=(StagedFault(kind),))
    of_relaxations = kind in {"zbrent", "not_converged_ionic"}
    assert kinds(settings, POINT, SLAB) == ([None, kind] if of_relaxations else [kind, None])


def test_starts_side_by_side_are_counted_once_each(tmp_path: Path):
    settings = StandInSettings(state=tmp_path, faults=(StagedFault("crash", times=7),))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: count_start(settings, SLAB), range(40)))
    assert sum(fault is not None for fault in found) == 7
    lines = (tmp_path / STARTS_FILE).read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == list(range(1, 41))


def test_nothing_is_counted_without_a_place_to_count(tmp_path: Path):
    assert kinds(StandInSettings(faults=(StagedFault("crash"),)), SLAB) == [None]
    assert list(tmp_path.iterdir()) == []
