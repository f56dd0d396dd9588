"""Any of atomate2's VASP makers as a maker of this package's calculations.

atomate2 writes the inputs, runs VASP and repairs it as it does anywhere; the settings that decide
an energy are read from what VASP wrote, so that such studies are compared as others are.
"""

import json
import warnings
from contextlib import chdir
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from atomate2.vasp.jobs.base import BaseVaspMaker
from jobflow import Maker
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import EngineError, Outcome, ReadBack
from llo_dft.engines.vasp.finished_calculation import read_back
from llo_dft.engines.vasp.inputs import ordered
from llo_dft.engines.vasp.running.continuation import StageProgress
from llo_dft.engines.vasp.running.custodian_maker import tidy
from llo_dft.engines.vasp.running.end_report import corrections, run_log
from llo_dft.engines.vasp.running.run_task import log_into, outcome_of
from llo_dft.engines.vasp.vasp_calculation import VaspCalculation
from llo_dft.errors import CalculationError
from llo_dft.typing import CalculationKind

#: What of a maker bears on no result.
_BESIDE: Final = frozenset({"name", "run_vasp_kwargs", "task_document_kwargs", "@version"})


@dataclass
class StockVaspMaker(Maker):
    """One kind of calculation by one of atomate2's makers. Implements ``CalculationMaker``.

    It holds the maker as a field, so that every powerup of atomate2 acts on it.

    ``kind`` is what ``maker``, of a single VASP job such as ``StaticMaker`` or ``RelaxMaker``, is
    taken to compute; ``protocol`` is its name, for people.

    Raises ``EngineError`` when it is made, if the maker is none of a VASP job.
    """

    kind: CalculationKind
    maker: BaseVaspMaker
    protocol: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no job of atomate2's."""
        if not isinstance(self.maker, BaseVaspMaker) or isinstance(self.maker, VaspCalculation):
            raise EngineError(
                f"{type(self.maker).__name__} is not an atomate2 maker of a single VASP job; "
                "expected StaticMaker, RelaxMaker, TightRelaxMaker or the like"
            )
        self.protocol = self.protocol or self.maker.name

    def settings(self) -> dict[str, Any]:
        """Return the maker as plain data, with its input set."""
        return {"stock": json.loads(json.dumps(_plain(self.maker.as_dict()), default=str))}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return what is known before the run: that it is VASP's. The files say the rest."""
        del structure
        return Fingerprint(engine="vasp", engine_version="", functional="as the files say")

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Run the maker's job in ``folder``, and leave its files there.

        Raises ``CalculationError`` if VASP failed or did not converge.
        """
        kept = {n: v for n, v in structure.site_properties.items() if n == "magmom"}
        start = ordered(structure.copy(site_properties=kept))
        with chdir(folder), log_into(folder / "custodian.log"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # atomate2's, about what the user chose
            # a copy, since it notes in its fields what it did
            response = type(self.maker).make.original(deepcopy(self.maker), start)
        document = response.output
        if document.state != "successful":
            raise CalculationError(f"atomate2 says that VASP's run is {document.state}")
        tidy(folder)
        progress = StageProgress(
            stage=self.kind,
            n_steps=len(document.calcs_reversed[0].output.ionic_steps),
            corrections=corrections(run_log(folder)),
        )
        return outcome_of(structure, start, document, progress, [f"by atomate2's {self.protocol}"])

    def read_back(self, folder: Path) -> ReadBack:
        """Return what VASP's own files say of a finished calculation.

        Raises ``VaspFileError`` if a file is damaged, or there is no vasprun.xml.
        """
        found = read_back(folder)
        known_after = set(Fingerprint.model_fields) - {"engine", "settings", "own_settings"}
        return ReadBack(**{**vars(found), "of_the_run": tuple(sorted(known_after))})


def _plain(value: Any) -> Any:  # noqa: ANN401 (plain data)
    """Return plain data without what bears on no result."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in sorted(value.items()) if k not in _BESIDE}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
