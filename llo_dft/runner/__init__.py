"""Executes any jobflow Flow over a concurrent.futures executor."""

from llo_dft.runner.run_flow import FlowResult, JobEvent, JobFailure, JobNotRun, run_flow

__all__ = ["FlowResult", "JobEvent", "JobFailure", "JobNotRun", "run_flow"]
