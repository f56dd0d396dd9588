"""The command that runs GPAW, and which GPAW and PAW data it finds.

None of it bears on a result but through what the command finds, which is in the fingerprint.

``LLO_DFT_GPAW_CMD``
    Starts a Python with GPAW: "gpaw python", "mpiexec -np 4 gpaw python", "srun gpaw python". By
    default the Python that runs this package, on one rank: two calculations side by side take less
    time than two ranks on one.
``LLO_DFT_JOB_END_TIME``
    When the batch job ends, Unix time in s (otherwise Slurm's ``SLURM_JOB_END_TIME``): a
    relaxation stops before that, and the next attempt resumes there.
"""

import functools
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from llo_dft.chemistry.element_table import ELEMENTS
from llo_dft.engines.base import EngineError, Program
from llo_dft.errors import printable

PROGRAM: Final = Program("GPAW", "LLO_DFT_GPAW_CMD")

#: The program that runs there.
DRIVER: Final = Path(__file__).with_name("gpaw_driver.py")

#: Longest time that the command may take to say what is installed, s.
_PATIENCE_S: Final = 120

#: Longest quotation of a program's output in a message, and marks of the most telling line.
_LONGEST_LINE: Final = 160
_TELLING: Final = ("memory", "no space left", "quota", "Error: ", "MPI parallelism is disabled")

#: How GPAW gets here.
_INSTALL: Final = (
    "install it ('pip install llo-dft[gpaw]', after the system packages that the README names), or "
    f'set {PROGRAM.variable} to what starts a Python with it, such as "gpaw python"'
)


class PawData(BaseModel):
    """The PAW data of an element: hash of their file, and number of valence electrons."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    md5: str
    valence: int


class InstalledGpaw(BaseModel):
    """What the command finds: versions, number of ranks, and PAW data by element."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gpaw: str
    ase: str
    ranks: int
    paw_data: dict[str, PawData]

    def data_of(self, element: str) -> PawData:
        """Return the PAW data of an element.

        Raises ``EngineError`` if there are none.
        """
        if element not in self.paw_data:
            raise EngineError(
                f"GPAW {self.gpaw} finds no PAW data of {element} for PBE here; install a set that "
                "has it ('pip install gpaw-data', or 'gpaw install-data')"
            )
        return self.paw_data[element]


def command() -> list[str]:
    """Return the words that start a Python with GPAW."""
    words = shlex.split(os.path.expandvars(os.environ.get(PROGRAM.variable, "")))
    return words or [sys.executable]


def installed_gpaw() -> InstalledGpaw:
    """Return what the command finds; it is asked once for each command.

    Raises ``EngineError`` if it is not there, does not start, or has no GPAW.
    """
    return _asked(tuple(command()))


def last_words(printed: str) -> str:
    """Return the most telling line of a program's output; empty if there is none."""
    lines = [line.strip(" !*-|\t") for line in printed.splitlines()]
    lines = [line for line in lines if line]
    telling = [line for line in lines if any(word in line for word in _TELLING)]
    return printable((telling or lines or [""])[-1])[:_LONGEST_LINE]


@functools.cache
def _asked(words: tuple[str, ...]) -> InstalledGpaw:
    text = shlex.join(words)
    if shutil.which(words[0]) is None:
        raise EngineError(f"GPAW's command {text!r} is not found here: {_INSTALL}")
    try:
        done = subprocess.run(  # noqa: S603 (the user's own command)
            [*words, str(DRIVER), "data", *ELEMENTS],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(
            f"GPAW's command {text!r} did not answer in {_PATIENCE_S} s; it must start Python on "
            f"this machine at once, see {PROGRAM.variable}"
        ) from error
    lines = done.stdout.strip().splitlines()
    try:
        return InstalledGpaw.model_validate_json(lines[-1] if lines else "")
    except ValidationError as error:
        said = last_words(done.stderr) or last_words(done.stdout) or "nothing"
        what = f"GPAW does not start with {text!r}: it prints {said!r}"
        raise EngineError(f"{what}; {_INSTALL}") from error
