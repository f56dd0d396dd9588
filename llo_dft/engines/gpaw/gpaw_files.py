"""What the driver leaves in a calculation's folder, and what that says of the settings."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import ReadBack
from llo_dft.engines.cell_geometry import elements_of, k_spacing
from llo_dft.engines.gpaw.gpaw_program import InstalledGpaw
from llo_dft.errors import InputError

RESULT: Final = "result_gpaw.json"
INPUT: Final = "input.json"

#: Folder of a calculation from which another attempt resumes; the job hands it over.
CONTINUE: Final = "continue"

#: What serves the start of another calculation, and is removed once a study is complete.
START: Final = "start/electrons.gpw"

#: Outputs worth naming.
KEPT: Final = (
    RESULT,
    INPUT,
    "electrons.npz",
    "CHGCAR",
    "LOCPOT",
    "electrons.gpw",
    "relaxation.log",
)

#: A setup with its U: ":d,3.9" or ":d,3.9,0".
_HUBBARD: Final = re.compile(r":d,([\d.]+)(,0)?")

#: The cell of the last k-points is not that of the first ones where it was relaxed.
_OF_THE_RUN: Final = ("k_spacing_per_angstrom",)

_D_SHELL: Final = 2


class GpawFileError(InputError):
    """A file of a GPAW calculation that is missing or damaged."""


class GpawResult(BaseModel):
    """A result of the driver: all numbers, or ``problem``, which says why there are none.

    GPAW and PAW data ``installed`` computed it, with GPAW's own ``parameters`` as it took them;
    where ``stopped`` in time another attempt resumes it, and a stand-in wrote a ``mock``. Besides
    steps of the relaxation there are points computed (``n_evaluations``), and ``iterations`` of the
    last one. ``energy_ev`` is extrapolated to zero width of the occupations, ``fermi_ev`` that of
    each spin where the moment is fixed; ``vacuum_levels_ev`` are above the upper and below the
    lower face.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1]
    installed: InstalledGpaw
    problem: str | None
    stopped: bool
    n_steps: int
    n_evaluations: int
    corrections: list[str]
    energy_ev: float | None = None
    forces_ev_per_angstrom: list[list[float]] = []
    moments_mu_b: list[float] = []
    total_moment_mu_b: float | None = None
    fermi_ev: list[float] = []
    vacuum_levels_ev: tuple[float, float] | None = None
    symbols: list[str] = []
    cell: list[list[float]] = []
    scaled_positions: list[list[float]] = []
    pbc: list[bool] = []
    iterations: int | None = None
    parameters: dict[str, Any] = {}
    mock: bool = False

    @property
    def structure(self) -> Structure:
        """Final structure, in the order that it was given in."""
        return Structure(self.cell, self.symbols, self.scaled_positions)

    @property
    def max_force_ev_per_angstrom(self) -> float:
        """Largest force on an atom."""
        return float(np.linalg.norm(self.forces_ev_per_angstrom, axis=1).max())

    @property
    def fingerprint(self) -> Fingerprint:
        """Settings that it was computed with, from GPAW's own parameters."""
        return fingerprint_from(self.parameters, self.structure, self.installed)


def fingerprint_from(
    parameters: Mapping[str, Any], structure: Structure, installed: InstalledGpaw
) -> Fingerprint:
    """Return all that decides the energy of a calculation with these of GPAW's parameters.

    Raises ``EngineError`` if an element has no PAW data there.
    """
    setups = parameters.get("setups") or {}
    hubbard = {one: _HUBBARD.fullmatch(setup) for one, setup in setups.items()}
    u = {one: float(match[1]) for one, match in hubbard.items() if match}
    scaled = not any(match and match[2] for match in hubbard.values())
    mesh = tuple(parameters["kpts"]["size"])
    occupations, convergence = parameters["occupations"], parameters["convergence"]
    xc = parameters["xc"]
    functional = xc["name"] if isinstance(xc, dict) else xc
    return Fingerprint(
        engine="gpaw",
        engine_version=installed.gpaw,
        functional=f"{functional}{'+U' if u else ''}",
        u_values_ev=u,
        u_shells=dict.fromkeys(u, _D_SHELL),
        pseudopotentials={
            one: f"PAW {functional} {installed.data_of(one).md5}" for one in elements_of(structure)
        },
        cutoff_ev=float(parameters["mode"]["ecut"]),
        k_spacing_per_angstrom=k_spacing(structure, mesh),
        spin_polarized=bool(parameters.get("spinpol")),
        settings={"U_SCALED_PROJECTORS": scaled} if u else {},
        own_settings={
            "SMEARING": occupations["name"],
            "SMEARING_EV": occupations["width"],
            "FIXED_MOMENT": bool(occupations.get("fixmagmom")),
            "DIPOLE_LAYER": bool((parameters.get("poissonsolver") or {}).get("dipolelayer")),
        },
        other_settings={
            f"CONVERGENCE_{name.upper()}": convergence[name]
            for name in ("eigenstates", "density", "energy")
        },
    )


def read_result(folder: Path) -> GpawResult:
    """Return what the driver wrote at its end.

    Raises ``GpawFileError`` if it is not there, or damaged.
    """
    path = folder / RESULT
    try:
        text = path.read_bytes()
    except OSError as error:
        raise GpawFileError(f"{path} can't be read: {error.strerror or error}") from error
    try:
        found = GpawResult.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "all of it"
        raise GpawFileError(
            f"{path} is not a result of the GPAW driver: {where}: {fault['msg']}"
        ) from error
    n_atoms = len(found.symbols)
    rows = (found.forces_ev_per_angstrom, found.moments_mu_b, found.scaled_positions)
    if found.problem is None and (
        found.energy_ev is None or not n_atoms or any(len(one) != n_atoms for one in rows)
    ):
        raise GpawFileError(
            f"{path} lacks the energy, or the numbers of some of the {n_atoms} atoms"
        )
    return found


def read_back(folder: Path) -> ReadBack:
    """Return what the files of a finished calculation say, read apart from the run.

    Raises ``GpawFileError`` if there are no such files, or they are damaged.
    """
    found = read_result(folder)
    if found.problem is not None:
        raise GpawFileError(f"{folder / RESULT}: {found.problem}")
    try:
        fingerprint = found.fingerprint
    except (KeyError, TypeError, ValueError) as error:
        raise GpawFileError(f"{folder / RESULT} lacks a parameter of GPAW's: {error}") from error
    return ReadBack(
        fingerprint=fingerprint,
        energy_ev=found.energy_ev,
        structure=found.structure,
        magmoms_mu_b=found.moments_mu_b,
        mock=found.mock,
        of_the_run=_OF_THE_RUN,
    )
