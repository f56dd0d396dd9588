"""Every reader side by side with its peers.

    python benchmarks/readers.py [--repeat N]

Runs each benchmark of readers beside this file (``readers_*.py``), one after another.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run each benchmark in a process of its own, and end with the worst exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, help="timed runs of each side")
    repeat = parser.parse_args().repeat
    options = [] if repeat is None else ["--repeat", str(repeat)]
    worst = 0
    for script in sorted(Path(__file__).parent.glob("readers_*.py")):
        print(f"== {script.stem}", flush=True)
        worst = max(
            worst, subprocess.run([sys.executable, script, *options], check=False).returncode
        )
    raise SystemExit(worst)


if __name__ == "__main__":
    main()
