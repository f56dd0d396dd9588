"""The report of a folder: of a study that ended, that failed in part, and that has not run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.site_band_centers import SiteDensities
from llo_dft.documents.electrons.charge import (
    ChargeDifference,
    ChargeDifferenceResult,
    PlanarProfile,
)
from llo_dft.documents.electrons.electronic import BandCenterResult, BandCenters
from llo_dft.errors import InputError
from llo_dft.study.drawn import study_report
from llo_dft.study.drawn.study_report import page_content, write_report
from llo_dft.study.folder import StudyFolder

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan


def test_a_page_has_what_the_folder_has(finished: Any) -> None:
    content = page_content(finished.folder)
    assert content.result == finished.result
    assert content.state == "complete"
    assert {one.status for one in content.calculations} == {"completed"}
    assert all(one.n_atoms and one.kind for one in content.calculations)
    assert set(content.relaxed) >= {content.result.hosts[0].calculation} or content.relaxed
    assert content.drawings["energies"].pdf.startswith(b"%PDF")
    assert "structures" in content.drawings


def test_what_failed_is_named_with_its_reason(troubled: Any) -> None:
    content = page_content(troubled.folder)
    assert content.state.startswith("not complete: ")
    failed = [one for one in content.calculations if one.status == "failed"]
    assert failed
    assert all(one.remarks for one in failed)


def test_a_study_that_was_killed_has_a_page(finished: Any, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(finished.folder.path, folder)
    (folder / "results.json").unlink()
    for one in sorted(one for one in (folder / "calculations").iterdir() if one.is_dir())[1:]:
        shutil.rmtree(one)
    page = write_report([folder])
    assert page == folder / "report.html"
    assert "No answer yet" in page.read_text(encoding="utf-8")


def test_several_folders_make_one_page(finished: Any, troubled: Any, tmp_path: Path) -> None:
    folders = [finished.folder.path, troubled.folder.path]
    page = write_report(folders, tmp_path / "both.html").read_text(encoding="utf-8")
    assert "2 studies compared" in page
    assert all(str(folder) in page for folder in folders)  # both are called "study"


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a study"):
        write_report([tmp_path])
    with pytest.raises(InputError, match="is not a study"):
        page_content(StudyFolder(tmp_path))


def figures(png: Path) -> None:
    """Write what ``run`` writes beside a figure: SVG and PDF."""
    png.parent.mkdir(exist_ok=True)
    png.with_suffix(".svg").write_text(f"<svg>{png.stem}</svg>", encoding="utf-8")
    png.with_suffix(".pdf").write_bytes(b"%PDF")


def says(folder: StudyFolder, patch: pytest.MonkeyPatch, **electrons: Any) -> None:
    """Let the study's results have these electrons."""
    result = study_report.read_results(folder.results).model_copy(update=electrons)
    patch.setattr(study_report, "read_results", lambda _: result)
    patch.setattr(study_report, "_drawings", lambda *_: {})  # they take time


def test_densities_are_those_of_their_host_with_the_figure_of_run(
    copied: StudyFolder, plan: StudyPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = plan.hosts[0], plan.hosts[-1]
    centers = BandCenters.model_construct(label="made")
    rows = np.array([[[1.0, 0.0]], [[3.0, 0.0]], [[5.0, 2.0]]])  # three O, one spin
    made = SiteDensities("O", "p", np.array([-1.0, 0.0]), rows, [4, 5, 6], {4: "3TM", 5: "3TM"})
    asked = []

    def host_densities(_study: Any, _folder: Any, host: Any) -> Any:
        asked.append(host.label)
        return centers, made

    found = [
        BandCenterResult.model_construct(
            system=host.system, lithium_fraction=host.lithium_fraction, centers=one, figure=figure
        )
        for host, one, figure in [(first, None, None), (last, centers, f"dos_{last.label}.png")]
    ]
    monkeypatch.setattr(study_report, "host_densities", host_densities)
    says(copied, monkeypatch, band_centers=found)
    figures(copied.path / f"dos_{last.label}.png")
    content = page_content(copied)
    assert asked == [last.label]  # of the first none could be had
    (one,) = content.densities
    assert (one.name, one.centers) == (last.label, centers)
    assert one.title == f"bare, x = {last.lithium_fraction:.3f}"
    assert one.energies_ev.tolist() == [-1.0, 0.0]
    assert {name: mean.tolist() for name, mean in one.classes.items()} == {
        "3TM": [[2.0, 0.0]],
        "all": [[5.0, 2.0]],
    }
    drawing = content.drawings[f"dos_{one.name}"]
    assert (drawing.svg, drawing.pdf) == (f"<svg>dos_{last.label}</svg>", b"%PDF")


@pytest.fixture
def charged(copied: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    """A study with a charge difference: gain in the upper half of its cell, loss in the lower."""
    heights = np.arange(24) * 0.5
    layer = np.sin(-2 * np.pi * heights / 12.0)
    columns = [heights.tolist(), layer.tolist(), heights.tolist(), np.cumsum(layer).tolist()]
    names = "coordinate_angstrom line_density_e_per_angstrom cumulative_angstrom cumulative_e"
    document = ChargeDifference(
        **dict.fromkeys(("whole_file", "a_file", "b_file"), "made"),
        **dict.fromkeys(("electrons_whole", "electrons_a", "electrons_b", "residual_e"), 0.0),
        structure=Structure(Lattice.orthorhombic(4, 4, 12), ["O"], [[0, 0, 0.5]]),
        part_of_atom=["a"],
        grid_shape=(8, 8, 24),
        absolute_e=1.0,
        largest_atom_shift_angstrom=0.0,
        planar=PlanarProfile(
            axis=2, start_fraction=0.0, **dict(zip(names.split(), columns, strict=True))
        ),
        bonds=[],
    )
    place = copied.path / "charge_difference_step"
    figures(place / "planar_average.png")
    text = document.model_dump_json()
    (place / "charge_difference.json").write_text(text, encoding="utf-8")
    grid = np.broadcast_to(layer, (8, 8, 24))
    np.savez(place / "difference.npz", difference_e_per_a3=grid)
    found = [
        ChargeDifferenceResult(termination="step", folder=f"../{place.name}"),  # no way out
        ChargeDifferenceResult(termination="flat", reason="not tried"),
    ]
    says(copied, monkeypatch, charge_differences=found)
    return copied


def test_a_charge_difference_has_its_surfaces_and_the_figure_of_run(charged: StudyFolder) -> None:
    content = page_content(charged)
    (mesh,) = content.meshes
    assert mesh.termination == "step"
    gain, loss = (one[..., 2] % 12.0 for one in (mesh.gain, mesh.loss))  # of any cell
    assert gain.min() > 6.0 > loss.max()
    assert content.drawings["charge_step"].svg == "<svg>planar_average</svg>"
    (charged.path / "charge_difference_step" / "planar_average.pdf").unlink()
    assert "charge_step" not in page_content(charged).drawings  # an older version's PNG alone


@pytest.mark.parametrize("lost", ["charge_difference.json", "difference.npz"])
def test_a_lost_charge_difference_is_named(charged: StudyFolder, lost: str) -> None:
    (charged.path / "charge_difference_step" / lost).write_bytes(b"cut off")
    with pytest.raises(InputError, match="step lacks the charge difference"):
        page_content(charged)
