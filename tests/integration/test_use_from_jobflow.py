"""The page "Use it from jobflow": its code blocks run, in order, on the stand-in for VASP."""

import re
from pathlib import Path

import pytest
from studies import recipe_fields, toml_text

PAGE = Path(__file__).parents[2] / "docs" / "jobflow.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
FLOW, POWERUPS, LOCALLY, FIREWORKS, REMOTE, OWN = BLOCKS


def run(blocks, names=None):
    """Run blocks of the page, one after another."""
    names = {} if names is None else names
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 (our own page)
    return names


@pytest.fixture
def least_recipe(tmp_path, monkeypatch):
    """Li, bulk, O2, one slab, one vacancy: in the folder that the page is read in."""
    fields = recipe_fields(
        cathode={"composition": "Li2MnO3"},
        delithiation={"fractions": [1.0]},
        vacancies={"environments": ["2TM+1Li"], "per_environment": 1},
        oxygen={"scheme": "wang2006"},
    )
    few = {"k_spacing": 1.0, "magnetic_order": "ferro", "electron_placements": 0}
    fields["engine"] = {"name": "vasp", "protocol": "fast", "overrides": few}
    (tmp_path / "recipe.toml").write_text(toml_text(fields), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def fireworks_store(monkeypatch):
    """FireWorks' database in this process: there is no MongoDB to be had."""
    launchpad = pytest.importorskip("fireworks.core.launchpad")
    import mongomock_ng as mongomock
    from mongomock_ng.gridfs import enable_gridfs_integration

    enable_gridfs_integration()
    client = mongomock.MongoClient()
    monkeypatch.setattr(launchpad, "MongoClient", lambda *_, **__: client)
    launchpad.LaunchPad().reset("", require_password=False)


def statuses(names):
    from llo_dft.calculations.cache import CalculationCache

    cache = CalculationCache(names["calculations"])
    return {entry.label: entry.event for entry in cache.journal()}


@pytest.mark.slow
@pytest.mark.usefixtures("least_recipe", "fireworks_store")
def test_the_page_runs_here_and_by_fireworks(standin_vasp):
    names = run([FLOW, POWERUPS, LOCALLY])
    found = statuses(names)
    assert set(found) == set(names["plan"].labels)
    assert set(found.values()) == {"completed"}
    starts = standin_vasp.starts()
    names["flow"] = names["make_flow"](names["plan"], names["engine"], names["calculations"])
    run([FIREWORKS], names)
    # harmless tags are in no key: the same flow without them finds every result
    assert set(statuses(names).values()) == {"reused"}
    assert len(standin_vasp.starts()) == len(starts)


@pytest.mark.slow
@pytest.mark.usefixtures("least_recipe")
def test_a_study_of_stock_makers_runs_on_the_standin(standin_vasp):
    names = run([FLOW, OWN])
    run([LOCALLY], names | {"flow": names["study"]})
    found = statuses(names)
    assert set(found) == set(names["plan"].labels)
    assert set(found.values()) == {"completed"}
    assert standin_vasp.starts()


@pytest.mark.slow
@pytest.mark.slurm
@pytest.mark.usefixtures("slurm", "least_recipe")
def test_a_study_of_stock_makers_runs_through_jobflow_remote(
    server, standin_vasp, tmp_path, monkeypatch
):
    """The same flow, its jobs started by jobflow-remote's own runner on a real Slurm."""
    import jobflow_remote
    from jobflow_remote.jobs.runner import Runner
    from remote_study import change_project, project_file
    from standin_study import install

    from llo_dft.documents.decoding.named_objects import TRUST
    from llo_dft.submit.remote.project import load_project
    from llo_dft.submit.remote.queue import open_queue

    projects = str(tmp_path / "projects")
    monkeypatch.setattr(jobflow_remote.SETTINGS, "projects_folder", projects)
    monkeypatch.setenv("JFREMOTE_PROJECTS_FOLDER", projects)
    home = install(tmp_path / "home", tmp_path / "potcars")
    file = project_file(tmp_path, server, home)
    modules = "'atomate2.vasp.jobs.core atomate2.vasp.sets.core atomate2.vasp.sets.base'"
    change_project(
        file, lambda made: made["exec_config"]["vasp"]["export"].update({TRUST: modules})
    )
    with open_queue(load_project("lab")) as queue:
        queue.make_ready()
    names = run([FLOW, OWN])
    run([REMOTE], names | {"flow": names["study"]})
    runner = Runner("lab")
    try:
        runner.run_all_jobs(max_seconds=600)
    finally:
        runner.cleanup()
    assert set(statuses(names).values()) == {"completed"}
    assert set(statuses(names)) == set(names["plan"].labels)
    assert home.program.starts()
    assert not standin_vasp.starts()
