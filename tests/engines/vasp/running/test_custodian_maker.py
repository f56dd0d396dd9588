from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.engines.vasp.running.custodian_maker import WatchedVaspJob

if TYPE_CHECKING:
    from pathlib import Path

SIGNS = ("OSZICAR", "OUTCAR", "vasprun.xml")
KEPT = ("WAVECAR", "CHGCAR", "CONTCAR", "POSCAR")


def test_a_start_takes_away_what_showed_the_error_of_the_one_before(
    tmp_path: Path, monkeypatch
) -> None:
    for name in (*SIGNS, *KEPT):
        (tmp_path / name).write_text("of the run before", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    job = WatchedVaspJob(["false"], auto_npar=False, auto_gamma=False)
    assert job.status() is None
    job.run().wait()
    assert not [name for name in SIGNS if (tmp_path / name).exists()]
    assert all((tmp_path / name).is_file() for name in KEPT)
    assert job.status() == 1
