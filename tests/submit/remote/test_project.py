from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remote_study import change_project

from llo_dft.errors import InputError
from llo_dft.resources import resource_path
from llo_dft.submit.remote.project import JobSize, JobType, load_project, read_job_types

if TYPE_CHECKING:
    from collections.abc import Callable

    from llo_dft.submit.remote.project import RemoteProject


FILE = Path("lab.yaml")
SIZES: list[dict[str, Any]] = [
    {"up_to_atoms": 50, "cores": 4, "memory": "8 GB", "walltime": "04:00:00"},
    {"nodes": 2, "ranks": 16, "cores": 16, "memory": "1.5 GiB", "walltime": "1-12:00:00"},
]


def table(**changes: Any) -> dict[str, Any]:
    kind = {"worker": "cpu", "program": "vasp", "sizes": SIZES} | changes
    return {"llo_dft": {"job_types": {"static": kind}}}


def test_the_size_of_the_cell_decides() -> None:
    kind = read_job_types(FILE, table()).job_types["static"]
    small, large = kind.sizes
    assert kind.size_for(1) == kind.size_for(50) == small
    assert kind.size_for(51) == kind.size_for(10**6) == large
    assert JobType(worker="login").size_for(5) is None


@given(st.integers(1, 10**5), st.integers(0, 10**5))
def test_a_larger_cell_never_gets_an_earlier_size(atoms: int, more: int) -> None:
    limits = [10, 11, 500, 70_000, None]
    sizes = [SIZES[0] | {"up_to_atoms": limit} for limit in limits]
    kind = read_job_types(FILE, table(sizes=sizes)).job_types["static"]
    places = [kind.sizes.index(kind.size_for(n)) for n in (atoms, atoms + more)]
    assert places == sorted(places)


def test_what_a_size_comes_to() -> None:
    small, large = read_job_types(FILE, table()).job_types["static"].sizes
    assert (small.all_cores, small.threads, small.core_hours) == (4, 4, 16)
    # 2 nodes of 16 cores, 16 ranks: 2 cores each; 36 h
    assert (large.all_cores, large.threads, large.core_hours) == (32, 2, 32 * 36)
    assert small.memory_mib == 7630  # 8e9 / 2**20 = 7629.4, and a job must not get less
    assert large.memory_mib == 1536


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (None, r"metadata\.llo_dft is missing"),
        ({"llo_dft": 3}, r"metadata\.llo_dft is missing"),
        (table(sizes=SIZES[:1]), "only the last of the sizes may lack up_to_atoms"),
        (table(sizes=SIZES[::-1]), "only the last of the sizes may lack up_to_atoms"),
        (
            table(sizes=[SIZES[0], SIZES[0] | {"up_to_atoms": 20}, SIZES[1]]),
            "must be sorted by up_to_atoms",
        ),
        (table(sizes=[SIZES[1] | {"ranks": 0}]), "nodes above 1 need ranks"),
        (table(sizes=[SIZES[1] | {"ranks": 7}]), "can't be shared by 7 ranks"),
        (table(sizes=[SIZES[1] | {"walltime": "a while"}]), r"walltime = 'a while': expected"),
        (table(sizes=[SIZES[1] | {"wall_time": 3}]), r"unknown key .*sizes\.0\.wall_time"),
        (table(worker="a b; c"), r"job_types\.static\.worker = 'a b; c'"),
        ({"llo_dft": {"job_types": {"statics": {}}}}, "job_types.statics"),
    ],
)
def test_a_table_that_does_not_fit_says_where(fields: dict[str, Any] | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_job_types(FILE, fields)


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 600))
def test_every_core_belongs_to_a_rank(nodes: int, per_node: int, minutes: int) -> None:
    size = JobSize.model_validate(
        {
            "nodes": nodes,
            "cores": per_node,
            "ranks": nodes * per_node,
            "memory": "1 GB",
            "walltime": 60 * minutes,
        }
    )
    assert size.threads == 1
    assert size.core_hours == pytest.approx(nodes * per_node * minutes / 60)


SECRET = "correct-horse"  # noqa: S105 (planted)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "lab.yaml"
    made.write_bytes(resource_path("hpc_configs", "jobflow_remote_slurm.yaml").read_bytes())
    return made


def worker(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda project: project["workers"]["cpu"].update(fields)


def store(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda project: project["queue"]["store"].update(fields)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (worker(scheduler_type="slrm"), r"workers\.cpu\.local\.scheduler_type: .*slrm"),
        (worker(partition="main"), r"workers\.cpu\.local\.partition: Extra inputs"),
        (worker(work_dir="/scratch/my work"), r"workers\.cpu\.work_dir = '/scratch/my work'"),
        (worker(work_dir="/scratch/$(touch x)"), "may contain only letters, digits"),
        (lambda project: project.pop("metadata"), r"metadata\.llo_dft is missing"),
        (lambda project: project.pop("queue"), "queue: Field required"),
        (store(password=SECRET), "does not belong in a project's file"),
    ],
)
def test_a_fault_is_named_in_one_line(
    path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    change_project(path, change)
    with pytest.raises(InputError, match=said) as failure:
        load_project(str(path))
    lines = str(failure.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    assert SECRET not in str(failure.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list\n", "expected a project of jobflow-remote"),
        ("name: [\n", "can't be read as YAML"),
        ("name: !!python/object/apply:os.system [touch planted]\n", "can't be read as YAML"),
    ],
)
def test_a_file_that_is_no_project(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        load_project(str(path))


def test_what_a_type_names_must_be_there(path: Path) -> None:
    def change(project: dict[str, Any]) -> None:
        types = project["metadata"]["llo_dft"]["job_types"]
        types["static"]["program"] = "vapor"
        types["cell_relaxation"]["worker"] = "cluster"
        project["workers"]["gpu"]["scheduler_type"] = "sge"

    change_project(path, change)
    project = load_project(str(path))
    static = project.job_type("static")
    with pytest.raises(InputError, match=r"no 'vapor' in exec_config.* vasp, potential"):
        project.request("cpu", static, static.sizes[0])
    with pytest.raises(InputError, match="no 'cluster' in workers; it has login, cpu"):
        project.request(project.job_type("cell_relaxation").worker, static, None)
    with pytest.raises(InputError, match="expected one of slurm, pbs, shell"):
        project.worker("gpu")


def test_a_variable_of_the_project_counts_before_ours(path: Path) -> None:
    def change(project: dict[str, Any]) -> None:
        project["exec_config"]["vasp"]["export"]["OMP_NUM_THREADS"] = 3

    change_project(path, change)
    project = load_project(str(path))
    kind = project.job_type("static")
    export = project.request("mpi", kind, kind.sizes[0])[1].export
    assert (export["OMP_NUM_THREADS"], export["MKL_NUM_THREADS"]) == (3, 1)
    assert export["ATOMATE2_VASP_CMD"] == "'srun vasp_std'"


@cache
def template(scheduler: str) -> RemoteProject:
    return load_project(str(resource_path("hpc_configs", f"jobflow_remote_{scheduler}.yaml")))


@pytest.mark.parametrize(
    ("name", "slurm"),
    [
        ("bare_x1.0000_vac_O19", "bare_x1.0000_vac_O19"),
        ("calculate bulk", "calculate_bulk"),
        ("a\nrm -rf ~ #", "a_rm_-rf"),
        ("$(touch x); 'y' \"z\" `w`", "touch_x_y_z_w"),
        ("0.5", "j0.5"),
        ("ü$", "job"),
    ],
)
def test_a_name_is_one_word(name: str, slurm: str) -> None:
    assert template("slurm").job_name("cpu", name) == slurm


@given(st.text(), st.sampled_from(["slurm", "pbs"]), st.sampled_from(["cpu", "login"]))
def test_no_name_leaves_its_line(name: str, scheduler: str, worker: str) -> None:
    made = template(scheduler).job_name(worker, name)
    assert made.isascii()
    assert made[0].isalpha()
    assert len(made) <= (15 if (scheduler, worker) == ("pbs", "cpu") else 60)
    assert not set(made) & set(" \t\n'\"`$;&|()<>\\#*?[]{}~!%/:")
