"""Puts the stand-in for VASP where ``vasp_std`` is looked for, and tells it what to do.

>>> standin = install(tmp_path, faults=[{"kind": "zbrent", "formula": "Mn"}])
>>> subprocess.run(["vasp_std"], cwd=folder, env=os.environ | standin.environment)

In this process: ``standin.use(monkeypatch)``. custodian looks at a run every ten seconds unless it
is told otherwise: the environment tells the package's engine, and ``standin.custodian`` holds the
arguments for a Custodian of one's own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

#: How often custodian looks whether a run ended, s, and after how many looks it checks the files
#: of one that goes on: not before it had time to do away with those of the run before it.
POLLING_S = 0.05
MONITOR_FREQUENCY = 60

_EXECUTABLE = """#!{python}
import sys

from llo_dft.testing.standin_vasp.__main__ import main

sys.exit(main())
"""


@dataclass(frozen=True)
class StandIn:
    """An installed stand-in.

    Attributes
    ----------
    folder
        What it was installed in: ``bin``, its settings and its log of starts.
    """

    folder: Path

    @property
    def command(self) -> str:
        """Path of the executable."""
        return str(self.folder / "bin" / "vasp_std")

    @property
    def custodian(self) -> dict[str, Any]:
        """Arguments of a Custodian that looks often enough for a run of milliseconds."""
        return {"polling_time_step": POLLING_S, "monitor_freq": MONITOR_FREQUENCY}

    @property
    def environment(self) -> dict[str, str]:
        """Variables that processes need, beside those of this one."""
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "ATOMATE2_VASP_CMD": "vasp_std",
            "ATOMATE2_VASP_GAMMA_CMD": "vasp_gam",
            "STANDIN_VASP_CONFIG": str(self.folder / "standin.toml"),
            "LLO_DFT_VASP_POLLING_S": str(POLLING_S),
            "LLO_DFT_VASP_MONITOR_S": str(POLLING_S * MONITOR_FREQUENCY),
            "OMP_NUM_THREADS": "1",  # CHGNet on all cores is slower where others run too
        }

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Use it from this process."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def use_in_atomate2(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let atomate2 of this process start it, and custodian look often enough.

        Both took their defaults when they were imported.
        """
        from atomate2.vasp import run
        from custodian import Custodian

        defaults = list(run.run_vasp.__defaults__)
        names = run.run_vasp.__code__.co_varnames
        defaults[names.index("vasp_cmd")] = "vasp_std"
        defaults[names.index("vasp_gamma_cmd")] = "vasp_gam"
        monkeypatch.setattr(run.run_vasp, "__defaults__", tuple(defaults))
        begin = Custodian.__init__

        def often(custodian: Custodian, *arguments: Any, **options: Any) -> None:
            begin(custodian, *arguments, **(self.custodian | options))

        monkeypatch.setattr(Custodian, "__init__", often)

    def run(self, folder: Path, expected: int = 0) -> subprocess.CompletedProcess[str]:
        """Run ``vasp_std`` in a folder, found as a shell finds it, and check its exit status."""
        ended = subprocess.run(
            ["vasp_std"],  # noqa: S607 (to be found in PATH is what is tried)
            cwd=folder,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=1800,  # CHGNet on a busy machine
            check=False,
        )
        assert ended.returncode == expected, ended.stdout[-2000:] + ended.stderr
        return ended

    def starts(self) -> list[dict[str, Any]]:
        """Return what is known of each start so far, in their order: folder, formula, kind, ..."""
        path = self.folder / "standin_starts.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def install(
    folder: Path,
    *,
    engine: str = "pair",
    faults: Sequence[dict[str, Any]] = (),
    moment_ev: float = 0.0,
    grid_divisor: int = 4,
    asked_grid_divisor: int = 1,
    chgnet: dict[str, Any] | None = None,
) -> StandIn:
    """Install it below a folder; the arguments are those of ``StandInSettings``."""
    home = folder / "standin"
    shutil.rmtree(home, ignore_errors=True)
    (home / "bin").mkdir(parents=True)
    script = _EXECUTABLE.format(python=sys.executable)
    for name in ("vasp_std", "vasp_gam"):
        path = home / "bin" / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
    lines = [f"engine = {json.dumps(engine)}", f"grid_divisor = {grid_divisor}"]
    lines.append(f"moment_ev = {moment_ev}")
    lines.append(f"asked_grid_divisor = {asked_grid_divisor}")
    lines += ["[chgnet]", *_toml(chgnet or {})]
    for fault in faults:
        lines += ["[[faults]]", *_toml(fault)]
    (home / "standin.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return StandIn(home)


def _toml(values: dict[str, Any]) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]
