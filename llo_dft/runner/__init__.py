"""Executes any jobflow Flow over a concurrent.futures executor."""

from llo_dft.runner.flow_result import FlowResult, JobEvent, JobFailure, JobNotRun
from llo_dft.runner.run_flow import run_flow

__all__ = ["FlowResult", "JobEvent", "JobFailure", "JobNotRun", "run_flow"]
