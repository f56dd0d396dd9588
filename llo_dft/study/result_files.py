"""All files of a study's result, written together and replaced together.

They are written to a separate folder. One rename then marks the new set as complete, and each file
is moved to its place, results.json last. A kill before the rename leaves the old set; one after it
leaves a set that the next run, or the next reader, moves to its place (``put_in_place``).
results.json has the SHA-256 of each of the others, and a digest of itself.
"""

import json
import shutil
import tempfile
from pathlib import Path

from pymatgen.io.cif import CifWriter

from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.calculations.cache import CalculationCache, link_or_copy
from llo_dft.documents.labels import relaxed_file
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.documents.study_result import StudyResult
from llo_dft.plain_files import sealed
from llo_dft.report.figures.figure_parts import VECTOR_SUFFIXES
from llo_dft.report.figures.formation_energy_curve import save_vacancy_curve
from llo_dft.report.page.csv_tables import vacancies_csv
from llo_dft.study.folder import StudyFolder, write_whole
from llo_dft.study.result import stored_calculations, study_result
from llo_dft.study.study_electrons import read_electrons
from llo_dft.study.study_files import READY, file_digest, put_in_place

#: Name of the figure of E_f against the state of charge.
FIGURE = "vacancy_energy.png"

_PARTIAL = ".results-partial-"


def write_study(folder: StudyFolder, oxygen: OxygenSettings | None = None) -> StudyResult:
    """Write all files of a study's result, replacing earlier ones. Call it under the lock.

    The folder holds the plan that was run and all or some of its calculations; ``oxygen`` is the
    reservoir that the O goes to, None: the one that the folder's recipe asks for.

    Raises ``InputError`` as ``study_result``.
    """
    put_in_place(folder.path)
    for left in folder.path.glob(f"{_PARTIAL}*"):
        shutil.rmtree(left)
    study = stored_calculations(folder)
    work = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=folder.path))
    try:
        result = study_result(folder, oxygen, read_electrons(study, folder, work))
        _write_relaxed(study, work)
        (work / "results.csv").write_text(vacancies_csv(result), encoding="utf-8")
        save_vacancy_curve(result, work / FIGURE, VECTOR_SUFFIXES)
        result = result.model_copy(update={"files": _digests(work)})
        text = json.dumps(sealed(result.model_dump(mode="json")), indent=1, ensure_ascii=False)
        write_whole(work / "results.json", f"{text}\n")
        work.rename(folder.path / READY)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    put_in_place(folder.path)
    if result.is_complete:
        CalculationCache(folder.calculations).forget_starts()
    return result


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file below a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def _write_relaxed(study: StudyCalculations, folder: Path) -> None:
    """Write relaxed structures as CIF; a coated pristine host also under its own name."""
    (folder / "relaxed").mkdir()
    hosts = {host.label: study.host(host) for host in study.plan.hosts}
    files: dict[str, Path] = {}
    for label, calculation in {**study.documents, **hosts}.items():
        if calculation.structure is None:
            continue
        path = folder / relaxed_file(label)
        if calculation.key in files:
            link_or_copy(str(files[calculation.key]), str(path))
            continue
        files[calculation.key] = path
        text = str(CifWriter(calculation.structure, significant_figures=10))
        path.write_text(text, encoding="utf-8")
