"""The fixtures as users get them, down to a wheel in an environment of its own."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.jobs.check_files import checked_fingerprint
from llo_dft.runs.run_summary import summarize

ROOT = Path(__file__).parents[2]
EXAMPLE = (
    (ROOT / "docs/testing.md")
    .read_text(encoding="utf-8")
    .split("<!-- example -->\n```python\n")[1]
    .split("```\n")[0]
)


def oxide() -> Structure:
    places = [[0, 0, 0], [0.5, 0.5, 0], [0.3, 0, 0.5], [0, 0.3, 0.5]]
    return Structure(Lattice.cubic(5.0), ["Li", "Mn", "O", "O"], places)


def test_a_written_run_says_what_it_was_given_and_that_it_is_a_mock(plain_run_writer):
    forces = [[0.0, 0.0, 0.012], [0.0, 0.0, -0.012], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    folder = plain_run_writer("one", oxide(), -17.25, forces, u_values={"Mn": 3.9})
    summary = summarize(folder)
    assert summary.energy_ev == -17.25
    assert summary.max_force_ev_per_angstrom == pytest.approx(0.012)
    assert summary.mock
    assert any("stand-in for VASP" in problem for problem in summary.problems)
    read = Structure.from_file(folder / "CONTCAR")
    assert read.matches(oxide())


def test_a_calculation_of_the_fake_engine_is_marked(fake_engine, tmp_path):
    maker = fake_engine.maker("slab_relax")
    outcome = maker.calculate(oxide(), tmp_path)
    found = maker.read_back(tmp_path)
    assert found.mock
    asked = maker.fingerprint(oxide())
    assert checked_fingerprint(found, asked, outcome.energy_ev) == asked


def test_records_are_written_on_request_alone(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
        from pymatgen.core import Lattice, Structure

        def test_it(plain_run_writer, recorded_runs):
            metal = Structure(Lattice.cubic(3.4), ["Li"], [[0, 0, 0]])
            recorded_runs(plain_run_writer("metal", metal, -1.9), "metal")
        """
    )
    plugin = ("-p", "llo_dft.testing.pytest_plugin")
    pytester.runpytest_inprocess(*plugin).stdout.fnmatch_lines(["*nothing is recorded in*"])
    pytester.runpytest_inprocess(*plugin, "--record-runs").assert_outcomes(passed=1)
    assert (pytester.path / "recorded/metal/found.json").is_file()
    pytester.runpytest_inprocess(*plugin).assert_outcomes(passed=1)


def test_a_fault_reaches_the_stand_in(pytester: pytest.Pytester):
    pytester.makepyfile(
        """
        import tomllib
        import pytest

        @pytest.mark.standin_vasp(faults=[{"kind": "zbrent"}])
        def test_it(standin_vasp):
            settings = tomllib.loads((standin_vasp.folder / "standin.toml").read_text())
            assert settings["faults"] == [{"kind": "zbrent"}]
        """
    )
    plugin = ("-p", "llo_dft.testing.pytest_plugin", "--strict-markers")
    pytester.runpytest_inprocess(*plugin).assert_outcomes(passed=1)


def test_pytest_is_imported_by_the_plugin_alone():
    code = (
        "import sys, llo_dft, llo_dft.testing.standin, llo_dft.testing.recorded\n"
        "import llo_dft.testing.plain_run_writer, llo_dft.testing.fake_engine\n"
        "sys.exit('pytest' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    required = importlib.metadata.requires("llo-dft") or []
    assert not [one for one in required if one.startswith("pytest") and "extra" not in one]


@pytest.mark.slow
def test_the_example_of_the_page_passes_with_the_wheel_alone(tmp_path: Path):
    """A wheel in a new environment, which sees the other packages of this one, not our tree."""
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=600)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (site,) = (tmp_path / "env/lib").glob("python*/site-packages")
    shutil.unpack_archive(wheel, site, "zip")  # what pip does with it, without its scripts
    seen = [path for path in sys.path if path.endswith("site-packages")]
    (site / "others.pth").write_text("\n".join(seen) + "\n", encoding="utf-8")

    work = tmp_path / "work"
    work.mkdir()
    (work / "test_my_oxide.py").write_text(EXAMPLE, encoding="utf-8")
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}

    def pytest_there(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tmp_path / "env/bin/python", "-m", "pytest", *options, "test_my_oxide.py"],
            cwd=work, env=environment, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    where = [tmp_path / "env/bin/python", "-c", "import llo_dft; print(llo_dft.__file__)"]
    shown = subprocess.run(
        where, cwd=work, env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith(str(tmp_path))
    recorded = pytest_there("--record-runs")
    assert "2 passed" in recorded.stdout, recorded.stdout[-3000:]
    incar = work / "recorded/two_lithium/INCAR"
    again = pytest_there()
    assert "2 passed" in again.stdout, again.stdout[-3000:]
    incar.write_text(incar.read_text(encoding="utf-8") + "NCORE = 4\n", encoding="utf-8")
    assert "INCAR: NCORE is missing, recorded 4" in pytest_there().stdout
