"""What one calculation costs on a cluster besides itself: tiny ones through Dask on a real Slurm.

``python tests/helpers/slurm.py python benchmarks/submit.py`` (``.ci/install-slurm`` installs that
Slurm; where there is another, the second half is enough). Some workers are started in it, and 100,
300 and 1,000 calculations that take no time go through the runner, the calculation cache and Dask's
TLS links. Times are per calculation.
"""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jobflow import Flow, JobStore
from maggma.stores import MemoryStore
from pymatgen.core import Lattice, Structure
from tiny_calculation import TinyCalculation

from llo_dft.calculations.cache import CalculationCache
from llo_dft.jobs.calculate import calculate
from llo_dft.runner import run_flow
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.dask.dask_cluster import dask_workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

COUNTS = (100, 300, 1000)
WORKERS = 2

#: How much more one of the most may cost than one of the fewest, before it is no longer flat.
FLAT = 1.3


def tiny(number: int, folder: Path) -> Flow:
    """Return that many calculations of two atoms, each with a key of its own."""
    maker = TinyCalculation()
    jobs = []
    for index in range(number):
        cell = Lattice.cubic(3.0 + 1e-4 * index)
        structure = Structure(cell, ["Li", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        jobs.append(calculate(structure, maker, f"tiny {index}", str(folder)))
    return Flow(jobs)


def measure(number: int, folder: Path, executor: Callable[[], Executor]) -> tuple[float, float]:
    """Return wall and the driver's CPU seconds for each of that many calculations."""
    flow = tiny(number, folder)
    wall, cpu = time.perf_counter(), time.process_time()
    result = run_flow(
        flow, executor=executor, max_workers=4 * WORKERS, store=JobStore(MemoryStore())
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    cache = CalculationCache(folder)
    completed = [entry.key for entry in cache.journal() if entry.event == "completed"]
    if not result.complete or cache.n_completed() != number or len(set(completed)) != number:
        sys.exit(f"{cache.n_completed()} of {number} calculations were completed")
    return wall / number, cpu / number


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        job = {"cores": WORKERS, "processes": WORKERS, "memory": "1 GB", "walltime": "01:00:00"}
        cluster = {
            "scheduler": "slurm",
            "workers": job | {"min_jobs": 1, "max_jobs": 1},
            "prologue": f"export PYTHONPATH={shlex.quote(str(Path(__file__).resolve().parent))}\n",
            "network": {"interface": "lo"},
        }
        (place / "cluster.yaml").write_text(json.dumps(cluster), encoding="utf-8")
        config = load_cluster(place / "cluster.yaml")
        begun = time.perf_counter()
        with dask_workers(config, place / "cluster", "benchmark", print) as executor:
            measure(4 * WORKERS, place / "warm-up", executor)
            print(f"{time.perf_counter() - begun:.1f} s from nothing to {4 * WORKERS} results")
            print("calculations   wall ms each   driver's CPU ms each")
            walls = []
            for number in COUNTS:
                wall, cpu = measure(number, place / str(number), executor)
                walls.append(wall)
                print(f"{number:12d} {1e3 * wall:14.2f} {1e3 * cpu:22.2f}", flush=True)
    ratio = walls[-1] / walls[0]
    print(f"{COUNTS[-1]} against {COUNTS[0]}: {ratio:.2f} ({'flat' if ratio < FLAT else 'grows'})")


if __name__ == "__main__":
    main()
