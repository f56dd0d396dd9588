import gzip

import pytest

from llo_dft.engines.base import EngineError, InputSize
from llo_dft.engines.vasp.cycle_cost import CYCLES, VARIABLE, TimedCycle, cost_of, timed_in
from llo_dft.engines.vasp.files.file_errors import MARK, VaspFileError
from llo_dft.engines.vasp.vasp_engine import VaspEngine

OUTCAR = """\
 vasp.6.3.2 27Jun22 (build Aug 12 2022 00:53:59) complex
 executed on             LinuxIFC date 2022.05.12  14:11:53
 running   16 mpi-ranks, with    2 threads/rank, on    1 nodes
 INCAR:
   NBANDS = 90
   k-points       NKPTS =      2   k-points in BZ  NKDIM =      2  number of bands    NBANDS=     96
   ISPIN  =      2    spin polarized calculation?
 k-point   1 :   0.0000 0.0000 0.0000  plane waves:    5900
 k-point   2 :   0.5000 0.0000 0.0000  plane waves:    5902
      LOOP:  cpu time    9.0000: real time   10.0000
      LOOP:  cpu time    2.0000: real time    2.5000
      LOOP:  cpu time    1.9000: real time    2.0000
     LOOP+:  cpu time   12.0000: real time   14.5000
"""


def size(stage="relax", **changes):
    one = InputSize(
        stage=stage,
        folder="",
        n_ions=8,
        n_electrons=160,
        n_plane_waves=5901,
        n_k_points=2,
        n_bands=96,
        n_spins=2,
    )
    return one | changes


def test_a_run_says_how_many_core_seconds_a_step_takes(tmp_path):
    (tmp_path / "OUTCAR.gz").write_bytes(gzip.compress(OUTCAR.encode()))
    # the median step of 2.5 s on 16 x 2 cores
    timed = TimedCycle(80.0, 5901.0, 96, 2, 2)
    assert timed_in(tmp_path) == (timed, 3)
    found = VaspEngine.calibrated(tmp_path)
    assert "80 core-s, median of 3, with 5901 plane waves, 96 bands" in found.found
    assert found.remedy.endswith(f"export {VARIABLE}=80,5901,96,2,2")


def test_a_run_of_vasp_5_has_no_threads(tmp_path):
    file = tmp_path / "OUTCAR"
    line = OUTCAR.splitlines()[2]
    file.write_text(OUTCAR.replace(line, " running on   16 total cores"))
    assert timed_in(file)[0].core_s == 40.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("complex", "gamma-only", "expected a run of vasp_std"),
        ("complex", MARK, "a stand-in for VASP wrote"),
        ("LOOP:", "WARN:", "expected VASP's loop"),
        ("mpi-ranks", "horses", "expected VASP's ranks"),
    ],
)
def test_what_is_no_timing_is_refused(tmp_path, old, new, message):
    (tmp_path / "OUTCAR").write_text(OUTCAR.replace(old, new))
    with pytest.raises(VaspFileError, match=message):
        timed_in(tmp_path)


def test_a_folder_without_outcar_is_refused(tmp_path):
    with pytest.raises(VaspFileError, match="no OUTCAR in this folder"):
        timed_in(tmp_path)


def test_the_environment_keeps_the_timing(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert TimedCycle.here() is None
    timed = TimedCycle(80.0, 5901.0, 96, 2, 2)
    monkeypatch.setenv(VARIABLE, timed.text)
    assert TimedCycle.here() == timed
    for wrong in ("80", "80,5901,96,2,zwei", "80,5901,0,2,2", "nan,5901,96,2,2", "inf,1,1,1,1"):
        monkeypatch.setenv(VARIABLE, wrong)
        with pytest.raises(EngineError, match="expected core-seconds of an electronic step"):
            TimedCycle.here()


def test_a_step_of_the_timed_cell_is_uncertain_by_its_number_of_steps_alone():
    timed = TimedCycle(80.0, 5901.0, 96, 2, 2)
    least, most = cost_of([size()], 10, timed).core_s
    assert (least * most) ** 0.5 == pytest.approx(10 * CYCLES * 80)
    assert most / least == pytest.approx(2 ** (2 * 2**0.5))


def test_twice_the_cell_takes_four_to_eight_times_as_long():
    timed = TimedCycle(80.0, 5901.0, 96, 2, 2)
    one = cost_of([size()], 10, timed)
    two = cost_of([size(n_plane_waves=2 * 5901, n_bands=2 * 96)], 10, timed)
    ratios = [large / small for large, small in zip(two.core_s, one.core_s, strict=True)]
    assert ratios == pytest.approx([4, 8])
    assert two.work == pytest.approx(8 * one.work)
    half = cost_of([size(n_k_points=1, n_spins=1)], 10, timed)
    assert half.core_s[0] == pytest.approx(one.core_s[0] / 4)


def test_a_point_takes_one_ionic_step_and_stages_add_up():
    relax = cost_of([size()], 10, None)
    assert relax.core_s is None
    assert cost_of([size("without_dipole"), size()], 10, None).work == pytest.approx(
        1.1 * relax.work
    )
