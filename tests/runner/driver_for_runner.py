"""A script that runs two jobs that hang, to be killed; its argument is a folder for their ids."""

import sys
from pathlib import Path

from jobflow import Flow, JobStore
from maggma.stores import MemoryStore

sys.path.insert(0, str(Path(__file__).parent))

from jobs_for_runner import hang

from llo_dft.runner import run_flow

if __name__ == "__main__":
    folder = sys.argv[1]
    run_flow(
        Flow([hang(folder, "one"), hang(folder, "two")]),
        max_workers=2,
        store=JobStore(MemoryStore()),
    )
