"""What the stand-in is told to do, from a TOML file that ``STANDIN_VASP_CONFIG`` names.

Without the variable it runs the pair potential and fails nowhere.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

#: Names the TOML file; names the engine ahead of it.
CONFIG_VARIABLE = "STANDIN_VASP_CONFIG"
ENGINE_VARIABLE = "STANDIN_VASP_ENGINE"

ENGINES = ("pair", "chgnet")

#: Every way to fail, and what it is that shows.
FAULTS = {
    "not_converged_electronic": "NELM electronic steps at every ionic step",
    "not_converged_ionic": "NSW ionic steps",
    "crash": "a segmentation fault in the middle of a step",
    "killed": "SIGKILL, as from a queueing system or for want of memory",
    "truncated_vasprun": "ends as if all were well, with vasprun.xml cut off",
    "nan_energy": "ends as if all were well, with NaN for the energy",
    "zbrent": "the line minimisation of IBRION = 2 gives up; CONTCAR is there",
    "wall_time": "never ends by itself; stops for STOPCAR, is killed at the limit",
    "full_disk": "the disk is full in the middle of a file",
}

#: Faults that only a relaxation can have.
NEEDS_RELAXATION = frozenset({"not_converged_ionic", "zbrent"})


class SettingsError(ValueError):
    """Settings of the stand-in that make no sense."""


@dataclass(frozen=True)
class ChgnetSettings:
    """The potential and how it relaxes; tolerances None mean |EDIFFG|, eV/angstrom."""

    model: str = "0.3.0"
    optimizer: str = "BFGSLineSearch"
    force_tolerance: float | None = None
    cell_force_tolerance: float | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class StagedFault:
    """One way to fail, and which starts it happens to.

    A start has the fault if it has everything that is asked for here.

    Attributes
    ----------
    kind
        A key of ``FAULTS``.
    formula, comment, folder
        Patterns that are searched for in 'Li4 Mn2 O6', in the first line of POSCAR, in the path
        of the folder.
    start
        Number of the start, counted over all that share the settings, from 1.
    times
        How often it happens at most, 0 for always: then a repair does not help.
    after_steps
        Ionic steps that are written before it happens; fewer if the run has no more.
    seconds_per_step, limit_s
        For wall_time: what a step takes, and when it is killed.
    bytes_left
        For full_disk: what fits before the disk is full.
    kept
        For truncated_vasprun: share of the file that is left.
    """

    kind: str
    formula: str = ""
    comment: str = ""
    folder: str = ""
    start: int = 0
    times: int = 1
    after_steps: int = 1
    seconds_per_step: float = 0.2
    limit_s: float = 60.0
    bytes_left: int = 60_000
    kept: float = 0.6

    def __post_init__(self) -> None:
        """Refuse what is no fault."""
        if self.kind not in FAULTS:
            known = ", ".join(FAULTS)
            raise SettingsError(f"faults.kind = {self.kind!r}; expected one of {known}")
        for pattern in (self.formula, self.comment, self.folder):
            try:
                re.compile(pattern)
            except re.error as error:
                raise SettingsError(f"{pattern!r} is no pattern: {error}") from error


@dataclass(frozen=True)
class StandInSettings:
    """All of it.

    Attributes
    ----------
    engine
        "pair" or "chgnet".
    state
        Folder in which starts are counted; None where nothing is to be counted.
    moment_ev
        What a Bohr magneton of MAGMOM adds to the energy, eV, a hundredth more on each next atom:
        so that calculations that begin with other moments end in other states.
    grid_divisor
        By how much the grids that VASP would choose are coarser, in each direction.
    asked_grid_divisor
        The same of grids that INCAR asks for; 1 leaves them as they are.
    chgnet
        How CHGNet relaxes.
    faults
        In the order in which they are tried; a start has one at most.
    """

    engine: str = "pair"
    state: Path | None = None
    moment_ev: float = 0.0
    grid_divisor: int = 4
    asked_grid_divisor: int = 1
    chgnet: ChgnetSettings = field(default_factory=ChgnetSettings)
    faults: tuple[StagedFault, ...] = ()


def load_settings() -> StandInSettings:
    """Read the settings that the environment names.

    Raises
    ------
    SettingsError
        If a key is unknown or a value makes no sense.
    """
    path = os.environ.get(CONFIG_VARIABLE)
    found: dict[str, Any] = {}
    if path:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        found.setdefault("state", str(Path(path).parent))
    engine = os.environ.get(ENGINE_VARIABLE) or found.get("engine", StandInSettings.engine)
    if engine not in ENGINES:
        raise SettingsError(f"engine = {engine!r}; expected one of {', '.join(ENGINES)}")
    _refuse_unknown("the settings", found, StandInSettings)
    chgnet, faults = found.get("chgnet", {}), found.get("faults", [])
    _refuse_unknown("[chgnet]", chgnet, ChgnetSettings)
    for fault in faults:
        _refuse_unknown("[[faults]]", fault, StagedFault)
    return StandInSettings(
        engine=engine,
        state=Path(found["state"]) if "state" in found else None,
        moment_ev=float(found.get("moment_ev", StandInSettings.moment_ev)),
        grid_divisor=int(found.get("grid_divisor", StandInSettings.grid_divisor)),
        asked_grid_divisor=int(found.get("asked_grid_divisor", StandInSettings.asked_grid_divisor)),
        chgnet=ChgnetSettings(**chgnet),
        faults=tuple(StagedFault(**fault) for fault in faults),
    )


def _refuse_unknown(where: str, found: dict[str, Any], kind: type) -> None:
    known = {one.name for one in fields(kind)}
    for name in found:
        if name not in known:
            raise SettingsError(f"unknown key {name!r} in {where}; expected {', '.join(known)}")
