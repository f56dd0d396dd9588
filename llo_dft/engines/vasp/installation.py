"""What a machine has for VASP: the command, the pseudopotentials, and the time that is left.

None of it bears on a result, so none of it is in a recipe. It comes from the environment:

``ATOMATE2_VASP_CMD``, ``ATOMATE2_VASP_GAMMA_CMD``
    Commands, as atomate2 knows them (its settings file serves too).
``PMG_VASP_PSP_DIR``
    Folder of the pseudopotentials, as pymatgen knows it (``~/.config/.pmgrc.yaml`` serves too).
``LLO_DFT_JOB_END_TIME``
    When the batch job ends, Unix time in s; otherwise Slurm's ``SLURM_JOB_END_TIME``.
``LLO_DFT_RANKS``
    MPI ranks that the command starts: NCORE and KPAR follow from it (``run_task``).
``LLO_DFT_VASP_STOP_BEFORE_S``
    How long before that end VASP is asked to stop, s; at least three of its ionic steps.
``LLO_DFT_VASP_POLLING_S``, ``LLO_DFT_VASP_MONITOR_S``
    How often custodian looks whether VASP ended, and whether it goes wrong, s.
"""

import os
import shlex
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Self

from llo_dft.documents.document import Finding
from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.potcars import POTCAR_SET, potcar_of

#: Lines at the head of a POTCAR within which its title stands.
_HEAD_LINES: Final = 40


@dataclass(frozen=True)
class VaspMachine:
    """Where and how VASP runs here."""

    command: str
    gamma_command: str
    """command, gamma_command: to start VASP, and its version for the Gamma point alone."""
    end_time: float | None
    """Unix time at which the batch job ends, s; None if there is no end."""
    stop_before_s: float
    polling_s: float
    monitor_s: float
    n_ranks: int = 0
    """stop_before_s, polling_s, monitor_s, n_ranks: see the module; 0 ranks are not known."""

    @classmethod
    def here(cls) -> Self:
        """Return what the environment and atomate2's settings say.

        Raises ``EngineError`` if a variable that is to be a number is none.
        """
        from atomate2 import SETTINGS  # noqa: PLC0415 (most of a second to import)

        found = os.environ
        return cls(
            # the environment may have changed since atomate2 was imported
            command=found.get("ATOMATE2_VASP_CMD") or SETTINGS.VASP_CMD,
            gamma_command=found.get("ATOMATE2_VASP_GAMMA_CMD") or SETTINGS.VASP_GAMMA_CMD,
            end_time=_number(found, "LLO_DFT_JOB_END_TIME", None)
            or _number(found, "SLURM_JOB_END_TIME", None),
            # custodian's own defaults
            stop_before_s=_number(found, "LLO_DFT_VASP_STOP_BEFORE_S", 300.0) or 0.0,
            polling_s=_number(found, "LLO_DFT_VASP_POLLING_S", 10.0) or 0.01,
            monitor_s=_number(found, "LLO_DFT_VASP_MONITOR_S", 300.0) or 0.01,
            n_ranks=int(_number(found, "LLO_DFT_RANKS", 0.0) or 0),
        )

    @property
    def program(self) -> str | None:
        """Path of VASP itself, or of what starts it; None if it is not found."""
        words = shlex.split(os.path.expandvars(self.command))
        return shutil.which(words[0]) if words else None


def pseudopotential_folder() -> Path | None:
    """Return pymatgen's folder of pseudopotentials; None if it is not set."""
    from pymatgen.core import SETTINGS  # noqa: PLC0415 (a third of a second to import)

    folder = os.environ.get("PMG_VASP_PSP_DIR") or SETTINGS.get("PMG_VASP_PSP_DIR")
    return Path(folder).expanduser() if folder else None


def check_program() -> None:
    """Raise ``EngineError``, with the command that was tried, if VASP can't be started here."""
    machine = VaspMachine.here()
    if machine.program is None:
        raise EngineError(
            f"VASP's command {machine.command!r} is not found here; set ATOMATE2_VASP_CMD (for "
            "example \"srun vasp_std\"), or write inputs only with 'llo-dft build --engine vasp'"
        )


def check_potcars(elements: Iterable[str]) -> None:
    """Raise ``EngineError`` for the first POTCAR that is missing or not the fingerprint's."""
    folder = pseudopotential_folder()
    if folder is None:
        raise EngineError(
            "VASP's pseudopotentials are not known here; set PMG_VASP_PSP_DIR to the folder that "
            "pymatgen's 'pmg config -p' made"
        )
    for element in sorted(set(elements)):
        potcar = potcar_of(element)
        title = _title_in(folder, potcar.symbol)
        if title is None:
            raise EngineError(
                f"the pseudopotential {potcar.symbol} is not found in {folder}; expected the set "
                f"potpaw_PBE.54 in {_set_folder(folder)}, as pymatgen's 'pmg config -p' arranges it"
            )
        if title != potcar.title:
            raise EngineError(
                f"the pseudopotential {potcar.symbol} in {_set_folder(folder)} is {title!r}; "
                f"expected {potcar.title!r}, of the set potpaw_PBE.54"
            )


def installed() -> list[Finding]:
    """Return what this machine has of VASP: its command and its pseudopotentials."""
    machine = VaspMachine.here()
    found = machine.program
    command = (
        Finding(
            "VASP's command",
            "optional",
            f"{machine.command!r} is not found",
            'set ATOMATE2_VASP_CMD, for example to "srun vasp_std"; only VASP studies need it',
        )
        if found is None
        else Finding("VASP's command", "ok", f"{machine.command!r}: {found}")
    )
    folder = pseudopotential_folder()
    try:
        check_potcars(("Li", "O", "P", "Mn", "Ni", "Co"))
    except EngineError as error:
        where = "PMG_VASP_PSP_DIR is not set" if folder is None else str(folder)
        potcars = Finding("VASP's POTCARs", "optional", where, str(error))
    else:
        potcars = Finding("VASP's POTCARs", "ok", f"{POTCAR_SET} in {folder}")
    return [command, potcars]


def _set_folder(folder: Path) -> Path:
    """Return where pymatgen looks for our set of pseudopotentials."""
    from pymatgen.core import SETTINGS  # noqa: PLC0415 (a third of a second to import)
    from pymatgen.io.vasp.inputs import PotcarSingle  # noqa: PLC0415 (a second to import)

    own = SETTINGS.get("PMG_VASP_PSP_SUB_DIRS") or {}
    return folder / str(own.get(POTCAR_SET, PotcarSingle.functional_dir[POTCAR_SET]))


def _title_in(folder: Path, symbol: str) -> str | None:
    """Return a pseudopotential's title, found as pymatgen finds it; None if it is not there."""
    from monty.io import zopen  # noqa: PLC0415 (seldom needed)

    base = _set_folder(folder)
    for path in (base / f"POTCAR.{symbol}", base / symbol / "POTCAR"):
        for suffix in ("", ".gz", ".bz2", ".Z"):
            file = path.with_name(path.name + suffix)
            if not file.is_file():
                continue
            with zopen(file, "rt", encoding="latin-1") as lines:
                for line in islice(lines, _HEAD_LINES):
                    name, _, value = line.partition("=")
                    if name.strip() == "TITEL":
                        return " ".join(value.split())
            return "no title"
    return None


def _number(found: Mapping[str, str], name: str, default: float | None) -> float | None:
    text = found.get(name, "")
    if not text:
        return default
    try:
        return float(text)
    except ValueError as error:
        raise EngineError(f"{name} = {text!r} in the environment; expected a number") from error
