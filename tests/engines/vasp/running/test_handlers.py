import time

import pytest

from llo_dft.engines.vasp.installation import VaspMachine
from llo_dft.engines.vasp.running.handlers import (
    custodian_settings,
    error_handlers,
    wall_time_handler,
)


def machine(end_time: float | None = None, polling_s: float = 10.0) -> VaspMachine:
    return VaspMachine("vasp_std", "vasp_gam", end_time, 300.0, polling_s, 300.0)


def test_without_an_end_nothing_stops_vasp():
    assert wall_time_handler(machine(), one_point=False) == []


def test_a_relaxation_stops_between_steps_and_a_job_that_is_over_at_once():
    (handler,) = wall_time_handler(machine(time.time() - 10), one_point=False)
    assert not handler.electronic_step_stop
    assert handler.wall_time == 1.0
    assert handler.buffer_time == 300.0


@pytest.mark.parametrize(("polling_s", "looks"), [(10.0, 30), (0.05, 6000), (1000.0, 1)])
def test_it_monitors_in_seconds_and_not_in_polls(polling_s, looks):
    found = custodian_settings(machine(polling_s=polling_s))
    assert (found["polling_time_step"], found["monitor_freq"]) == (polling_s, looks)


def test_the_time_left_counts_from_now(monkeypatch):
    monkeypatch.setenv("CUSTODIAN_WALLTIME_START", "Mon Jan 06 08:00:00 UTC 2020")
    (handler,) = wall_time_handler(machine(time.time() + 5000), one_point=True)
    assert handler.wall_time == pytest.approx(5000, abs=60)
    assert handler.electronic_step_stop
    assert handler.start_time.year > 2020


def test_handlers_that_change_what_is_compared_are_left_out():
    handlers = error_handlers(hybrid=False)
    names = {type(handler).__name__ for handler in handlers}
    assert {"VaspErrorHandler", "UnconvergedErrorHandler", "NonConvergingErrorHandler"} <= names
    assert not names & {
        *("LargeSigmaHandler", "IncorrectSmearingHandler", "KspacingMetalHandler"),
        *("AliasingErrorHandler", "DriftErrorHandler", "ScanMetalHandler"),
    }
    caught = handlers[0].errors_subset_to_catch
    assert "zbrent" in caught
    assert "triple_product" not in caught


def test_all_of_atomate2s_handlers_were_decided_on():
    from atomate2.vasp.run import DEFAULT_HANDLERS

    ours = {type(handler).__name__ for handler in error_handlers(hybrid=False)}
    left_out = {"LargeSigmaHandler", "IncorrectSmearingHandler", "KspacingMetalHandler"}
    assert {type(handler).__name__ for handler in DEFAULT_HANDLERS} == ours | left_out


def test_a_hybrid_may_be_silent_for_longer():
    (frozen,) = [h for h in error_handlers(hybrid=True) if type(h).__name__.startswith("Frozen")]
    assert frozen.timeout == 24 * 3600
