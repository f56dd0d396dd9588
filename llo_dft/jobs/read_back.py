"""What a calculation's own files say of it, held against what was asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.vasp.files.run_folder import find_vasprun
from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun

if TYPE_CHECKING:
    from pathlib import Path

#: Largest difference of an energy that two parsers read from one file, eV.
ENERGY_TOLERANCE_EV: Final = 1e-5

_RELATIVE: Final = 1e-6

#: Fields that only the run itself decides: VASP's version is not known before, and the cell of
#: the last k-points is not that of the first ones where it was relaxed.
_FROM_THE_RUN: Final = ("engine_version", "k_spacing_per_angstrom")


class ReadBackError(RuntimeError):
    """Files that do not say what was asked for; the message names both values."""


@dataclass(frozen=True)
class ReadBack:
    """What the files say.

    Attributes
    ----------
    fingerprint
        As it was asked for, with what only the run decides.
    mock
        Whether a stand-in for VASP wrote them.
    """

    fingerprint: Fingerprint
    mock: bool


def read_back(folder: Path, asked: Fingerprint, energy_ev: float) -> ReadBack:
    """Read the run in a folder and hold it against what was asked for.

    Parameters
    ----------
    folder
        Where the calculation ran. If VASP did not run there, what was asked for stands.
    asked
        Fingerprint before the run.
    energy_ev
        Energy that the engine returned.

    Raises
    ------
    ReadBackError
        If a setting or the energy is another one in the file, or the run did not converge.
    VaspFileError
        If the file is damaged.
    """
    if asked.engine != "vasp":
        return ReadBack(asked, mock=False)
    run = read_vasprun(find_vasprun(folder))
    used = Fingerprint(**run.settings.as_fields())
    different = [
        f"{name}: {getattr(asked, name)!r} was asked for, VASP's output has {getattr(used, name)!r}"
        for name in Fingerprint.model_fields
        if name not in _FROM_THE_RUN and not _same(getattr(asked, name), getattr(used, name))
    ]
    done = run.convergence
    if not (done.electronic and done.ionic):
        why = done.electronic_reason if not done.electronic else done.ionic_reason
        different.append(f"not converged: {why}")
    energy = run.steps[-1].energy_ev
    if energy is None or not math.isclose(energy, energy_ev, abs_tol=ENERGY_TOLERANCE_EV):
        different.append(f"energy: atomate2 read {energy_ev!r} eV, vasprun.xml has {energy!r}")
    if different:
        raise ReadBackError("; ".join(different))
    own = {name: getattr(used, name) for name in _FROM_THE_RUN}
    return ReadBack(asked.model_copy(update=own), mock=run.mock)


def _same(asked: object, used: object) -> bool:
    if isinstance(asked, float) and isinstance(used, float):
        return math.isclose(asked, used, rel_tol=_RELATIVE)
    if isinstance(asked, dict) and isinstance(used, dict):
        return asked.keys() == used.keys() and all(_same(asked[key], used[key]) for key in asked)
    return asked == used
