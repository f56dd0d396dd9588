"""The machine-learned potentials: what each needs, and which O2 goes with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from llo_dft.engines.base import EngineError, OxygenReference

#: Half of the Materials Project's O2 (uncorrected total energy -9.896 eV a molecule).
MATERIALS_PROJECT_O2: Final = -4.948

_ALREADY_CORRECTED: Final = (
    "the labels that this potential learned hold MP2020's corrections already, "
    "so that this one would count them twice"
)
_UNCORRECTED: Final = (
    "the labels that this potential learned are uncorrected PBE and PBE+U energies; "
    'use "mp2020" or "wang2006"'
)
_NOT_RECORDED: Final = (
    'it is not recorded here whether this potential\'s labels hold a correction of O2; use "none"'
)


@dataclass(frozen=True)
class Potential:
    """A potential and what it needs.

    Attributes
    ----------
    package
        Module to import; for a supported one also the extra of llo_dft that installs it.
    atomate2_name
        Its name in atomate2, or where atomate2 is to find its calculator.
    model
        Which of the package's models.
    functional
        Functional of its training labels.
    oxygen
        Its O2.
    moments
        Whether it predicts magnetic moments.
    supported
        Whether it was run with this package.
    weights
        File of the model's weights in the package; empty if it is not recorded here.
    """

    package: str
    atomate2_name: str | dict[str, str]
    model: str
    functional: str
    oxygen: OxygenReference
    moments: bool = False
    supported: bool = True
    weights: str = ""


#: Those that were run with this package; their wheels carry their weights.
POTENTIALS: Final = {
    "chgnet": Potential(
        package="chgnet",
        atomate2_name={
            "@module": "llo_dft.engines.potentials.chgnet",
            "@callable": "ChgnetCalculator",
        },
        model="0.3.0",
        functional="PBE/PBE+U mixed, MP2020-corrected",
        oxygen=OxygenReference(
            label_energy_ev_per_atom=MATERIALS_PROJECT_O2,
            source="O2 of the Materials Project, the scale of CHGNet 0.3.0's labels",
            refused={"wang2006": _ALREADY_CORRECTED, "mp2020": _ALREADY_CORRECTED},
        ),
        moments=True,
        weights="pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
    ),
    "sevenn": Potential(
        package="sevenn",
        atomate2_name="SevenNet",
        model="7net-0",
        functional="PBE/PBE+U mixed, uncorrected",
        oxygen=OxygenReference(
            label_energy_ev_per_atom=None,
            source="O2 by 7net-0 itself",
            refused={"potential": _UNCORRECTED},
        ),
        weights="pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
    ),
}

#: Module behind each other potential that atomate2 names (see atomate2.forcefields.MLFF).
OTHER_MODULES: Final = {
    "MACE-MP-0": "mace",
    "MACE-MPA-0": "mace",
    "MACE-MP-0b3": "mace",
    "M3GNet": "matgl",
    "MatPES-r2SCAN": "matgl",
    "MatPES-PBE": "matgl",
    "NEP": "calorine",
    "GAP": "quippy",
    "Nequip": "nequip",
    "Allegro": "nequip",
    "DeepMD": "deepmd",
    "FAIRChem": "fairchem",
    "MatterSim": "mattersim",
    "UPET": "upet",
}


def known_potential(name: str) -> Potential:
    """Return what is known of a potential, by a name of ``POTENTIALS`` or ``OTHER_MODULES``.

    One that only atomate2 knows was not run with this package, may fetch weights of its own, and
    only O2 scheme "none" goes with it.
    """
    return POTENTIALS.get(name) or Potential(
        package=OTHER_MODULES[name],
        atomate2_name=name,
        model="atomate2's default",
        functional="not recorded",
        oxygen=OxygenReference(
            label_energy_ev_per_atom=None,
            source=f"O2 by {name} itself",
            refused=dict.fromkeys(("wang2006", "mp2020", "potential"), _NOT_RECORDED),
        ),
        supported=False,
    )


def require_package(potential: Potential) -> None:
    """Refuse a machine without a potential's package.

    atomate2 would fall through to a model from a hub, another potential under the same name.

    Raises
    ------
    EngineError
        With the command that installs it.
    """
    if find_spec(potential.package) is not None:
        return
    command = (
        f"pip install 'llo-dft[{potential.package}]'"
        if potential.supported
        else f"pip install the package that provides the module {potential.package}"
    )
    raise EngineError(
        f"the engine needs the package {potential.package}, which is not installed; "
        f"install it with: {command}"
    )


def package_version(potential: Potential) -> str:
    """Return the version of the distribution that provides a potential's module."""
    return _module_version(potential.package)


@cache
def _module_version(module: str) -> str:
    try:
        return version(module)  # most distributions are called as their module
    except PackageNotFoundError:
        return version(packages_distributions()[module][0])  # reads all there are: seconds


def weights_sha256(potential: Potential) -> str | None:
    """Return the hash of a potential's weights, so that others under the same version are seen.

    Raises
    ------
    EngineError
        If the installed package has them elsewhere.
    """
    return _file_sha256(potential.package, potential.weights) if potential.weights else None


@cache
def _file_sha256(module: str, file: str) -> str:
    found = find_spec(module)
    for folder in () if found is None else found.submodule_search_locations or ():
        path = Path(folder, file)
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
    raise EngineError(
        f"the installed {module} has no {file}; expected the version that "
        f"pip install 'llo-dft[{module}]' takes"
    )
