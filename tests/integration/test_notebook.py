"""The notebook of workflows/ runs on a finished study and on plain VASP runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from charge_models import write_interface
from nbclient import NotebookClient
from slab_runs import write_slab
from traitlets.config import Config

from llo_dft.testing import plain_run_writer

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from study_fixtures import Finished

NOTEBOOK = Path(__file__).parents[2] / "workflows" / "analysis.ipynb"


def executed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> NotebookNode:
    """Run the notebook in a kernel of its own; a cell that raises makes the test fail."""
    monkeypatch.chdir(folder)
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    local = Config({"KernelManager": {"transport": "ipc"}})  # no open port
    NotebookClient(notebook, timeout=240, kernel_name="python3", config=local).execute()
    return notebook


def outputs(notebook: NotebookNode, kind: str) -> list[list[Any]]:
    """For each code cell what it put out of one kind."""
    return [
        [
            out["text"] if kind == "text" else out["data"][kind]
            for out in cell.outputs
            if (kind == "text" and out.output_type == "stream" and out["name"] == "stdout")
            or kind in out.get("data", {})
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Plain VASP runs of every sort that the notebook looks for."""
    folder = tmp_path / "runs"
    folder.mkdir()
    plain_run_writer.host(folder / "host_4")
    plain_run_writer.host(folder / "host_2", -70.0, n_li=2)
    plain_run_writer.vacancy(folder / "vacancy_4")
    plain_run_writer.vacancy(folder / "vacancy_2", -64.0, n_li=2)
    plain_run_writer.oxygen(folder / "o2")
    plain_run_writer.lithium(folder / "li")
    write_slab(folder / "slab", (5.5, 5.0))
    write_interface(folder / "interface")
    return folder


def test_every_figure_is_made(
    finished: Finished, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLO_DFT_STUDY", str(finished.folder.path))
    monkeypatch.setenv("LLO_DFT_RUNS", str(runs))
    notebook = executed(tmp_path, monkeypatch)
    pictures = [len(found) for found in outputs(notebook, "image/png")]
    # of the study: vacancy curve, voltage; of the runs: O 2p; potential; planar average, bonds
    # and isosurface; E_f against x and two maps; voltage
    assert [n for n in pictures if n] == [1, 1, 1, 1, 3, 3, 1]
    study = "".join(outputs(notebook, "text/html")[2])  # of the cell with the vacancy curve
    best = min(
        one.formation_energy_ev
        for host in finished.result.hosts
        for one in host.vacancies
        if one.formation_energy_ev is not None
    )
    assert f"{best:.6f}" in study  # as pandas prints it
    text = "".join(part for found in outputs(notebook, "text") for part in found)
    assert "no vasprun.xml" not in text
    assert "Error" not in text


@pytest.mark.slow
def test_it_reads_what_ships_with_it(monkeypatch: pytest.MonkeyPatch):
    """Opened as it is in a clone: every section has its figure, and what is mock says so."""
    for name in ("LLO_DFT_STUDY", "LLO_DFT_RUNS"):
        monkeypatch.delenv(name, raising=False)
    notebook = executed(NOTEBOOK.parent, monkeypatch)
    pictures = [len(found) for found in outputs(notebook, "image/png")]
    assert [n for n in pictures if n] == [1, 2, 1, 1, 3, 3, 1]
    text = "".join(part for found in outputs(notebook, "text") for part in found)
    assert text == ""  # nothing is missing
    tables = "".join(part for found in outputs(notebook, "text/html") for part in found)
    # runs and vacancies; the forces of these runs let no crossing be stated, so its table is empty
    assert tables.count("<th>mock</th>") == 2


@pytest.mark.slow
def test_what_is_not_there_is_said_and_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    notebook = executed(tmp_path, monkeypatch)
    assert not any(outputs(notebook, "image/png"))
    text = "".join(part for found in outputs(notebook, "text") for part in found)
    for name in ("../docs/quickstart/results.json", "slab* in runs", "host* in runs"):
        assert f"no {name}" in text


def test_it_is_kept_small_and_without_outputs():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert not any(cell["metadata"] for cell in notebook["cells"])
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert NOTEBOOK.stat().st_size < 20_000
    nbformat.validate(nbformat.from_dict(notebook))
