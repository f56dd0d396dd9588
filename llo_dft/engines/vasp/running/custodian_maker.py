"""An atomate2 maker whose custodian tells how VASP ended. Importing it takes seconds."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from os.path import expandvars
from pathlib import Path
from typing import Any

from atomate2 import SETTINGS
from atomate2.common.files import gzip_output_folder
from atomate2.vasp.files import write_vasp_input_set
from atomate2.vasp.jobs.base import _FILES_TO_ZIP, BaseVaspMaker, get_vasp_task_document, vasp_job
from custodian import Custodian
from custodian.custodian import ErrorHandler
from custodian.vasp.jobs import VaspJob
from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator
from jobflow import Response
from pymatgen.core.structure import Structure

#: What only serves to resume a calculation, or repeats another file, and is big; and the
#: pseudopotentials, which are licensed: a study's folder may be passed on. vasprun.xml names them.
SCRATCH_FILES = (
    *("WAVECAR", "CHG", "PROCAR", "DYNMATFULL", "vaspwave.h5", "REPORT", "PCDAT"),
    *("POTCAR", "POTCAR.orig"),
)


#: Where custodian looks for what goes wrong. VASP writes them anew, but not before it is up.
_SIGNS = ("OSZICAR", "OUTCAR", "vasprun.xml")


class WatchedVaspJob(VaspJob):
    """A ``VaspJob`` that keeps the exit status: custodian hides it behind the first bad file.

    A start after a repair takes away what showed the error, or the same would be repaired again
    in a run that has only just begun.
    """

    _running: subprocess.Popen[bytes] | None = None

    def run(self, directory: str = "./") -> subprocess.Popen[bytes]:
        """Start VASP."""
        for name in _SIGNS:
            (Path(directory) / name).unlink(missing_ok=True)
        self._running = super().run(directory)
        return self._running

    def status(self) -> int | None:
        """Return how VASP ended the last time: negative after a signal; None if it was not run."""
        return None if self._running is None else self._running.poll()


@dataclass
class LayeredOxideVaspMaker(BaseVaspMaker):
    """Writes inputs, runs VASP under custodian with chosen handlers, and reads the outputs.

    ``handlers`` are custodian's, ``max_errors`` the repairs before it gives up,
    ``custodian_kwargs`` its further settings. Environment variables in the two commands are
    expanded.
    """

    name: str = "llo_dft vasp"
    vasp_cmd: str = "vasp_std"
    vasp_gamma_cmd: str = "vasp_gam"
    handlers: Sequence[ErrorHandler] = ()
    max_errors: int = 5
    custodian_kwargs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare the job, so that its exit status can be asked for afterwards."""
        self.job = WatchedVaspJob(
            shlex.split(expandvars(self.vasp_cmd)),
            gamma_vasp_cmd=shlex.split(expandvars(self.vasp_gamma_cmd)),
            auto_npar=False,
        )

    @vasp_job
    def make(self, structure: Structure, prev_dir: str | Path | None = None) -> Response:
        """Run in the current folder; ``prev_dir`` is not used."""
        del prev_dir
        # atomate2's INCAR updates are among the generator's tags, where they were checked
        write_vasp_input_set(structure, self.input_set_generator, apply_incar_updates=False)
        Custodian(
            list(self.handlers),
            [self.job],
            validators=[VasprunXMLValidator(), VaspFilesValidator()],
            max_errors=self.max_errors,
            scratch_dir=SETTINGS.CUSTODIAN_SCRATCH_DIR,
            **self.custodian_kwargs,
        ).run()
        here = Path.cwd()
        document = get_vasp_task_document(here, **self.task_document_kwargs)
        document.task_label = self.name
        return Response(output=document)


def tidy(folder: Path) -> None:
    """Remove what is of no more use, and zip the rest as atomate2's settings say."""
    for name in SCRATCH_FILES:
        (folder / name).unlink(missing_ok=True)
    gzip_output_folder(folder, SETTINGS.VASP_ZIP_FILES, _FILES_TO_ZIP)
