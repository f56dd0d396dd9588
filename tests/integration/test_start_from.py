"""A coated study on VASP that begins where a potential's ended, by the command, on the stand-in.

The potential is the stand-in's own, with moments as CHGNet predicts them: sizes without direction.
"""

import gzip
import json
from dataclasses import dataclass, replace

import pytest
from direct_engines import PairCalculation, PairEngine
from pymatgen.io.vasp import Incar
from typer.testing import CliRunner
from vasp_studies import prepared_study, run_here, vasp_table

from llo_dft.cli.main import app
from llo_dft.recipe import load_recipe
from llo_dft.resources import resource_path
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations

#: Of protocol fast.
RELAXATION = {"force_tolerance": 0.05, "cell_force_tolerance": 0.02}

MN_MU_B = 2.95


@dataclass
class WithMoments(PairCalculation):
    """The pair potential, and a moment on each Mn."""

    def calculate(self, structure, folder):
        sizes = [MN_MU_B if site.specie.symbol == "Mn" else 0.01 for site in structure]
        return replace(super().calculate(structure, folder), magmoms_mu_b=sizes)


class MomentEngine(PairEngine):
    def maker(self, kind):
        return WithMoments(kind, self._relaxation)


def completed(folder):
    found = stored_calculations(StudyFolder(folder)).documents
    assert all(one.status == "completed" for one in found.values()), [
        (one.label, one.reason) for one in found.values()
    ]
    return found


def small_coated_text():
    """The shipped recipe on VASP, at full lithium, with one registry."""
    text = resource_path("workflows", "coated_small.toml").read_text(encoding="utf-8")
    text = text.partition("[engine]")[0]
    for old, new in {"[1.0, 0.5]": "[1.0]", "keep = 2": "keep = 1"}.items():
        assert old in text
        text = text.replace(old, new)
    table = vasp_table()
    overrides = [f"{name} = {json.dumps(value)}" for name, value in table["overrides"].items()]
    head = f'[engine]\nname = "vasp"\nprotocol = "{table["protocol"]}"\n[engine.overrides]\n'
    return text + head + "\n".join(overrides) + "\n"


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.usefixtures("standin_vasp")
def test_ionic_steps_with_and_without(tmp_path):
    file = tmp_path / "coated.toml"
    file.write_text(small_coated_text(), encoding="utf-8")
    recipe = load_recipe(file)
    run_here(prepared_study(recipe, tmp_path / "potential", MomentEngine(RELAXATION)))
    common = ["run", str(file), "--workers", "1", "-o"]
    for more in (["without"], ["with", "--start-from", str(tmp_path / "potential")]):
        done = CliRunner().invoke(app, [*common, str(tmp_path / more[0]), *more[1:]])
        assert done.exit_code == 0, done.output
    without, started = (completed(tmp_path / name) for name in ("without", "with"))
    alone = sum(one.n_steps for one in without.values())
    after = sum(one.n_steps for one in started.values())
    before = sum(one.n_pre_steps for one in started.values())
    print(f"ionic steps without {alone}, with {after}, before {before}")  # noqa: T201 (with -s)
    assert before > 0
    assert after < 0.6 * alone
    assert f"made {before} steps of the relaxations" in done.output
    made = tmp_path / "with" / "calculations" / started["bare_x1.0000"].key / "INCAR.gz"
    moments = Incar.from_str(gzip.decompress(made.read_bytes()).decode())["MAGMOM"]
    assert MN_MU_B in moments, moments
    for label in started:
        assert started[label].key != without[label].key or label == "O2"
