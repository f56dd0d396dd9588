"""The machine-learned potentials: what each needs, and which O2 goes with it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from llo_dft.documents.calculation import EngineBias
from llo_dft.engines.base import EngineError, OxygenReference
from llo_dft.typing import OxygenScheme

#: Half of the Materials Project's O2 (uncorrected total energy -9.896 eV a molecule).
MATERIALS_PROJECT_O2: Final = -4.948

_ALREADY_CORRECTED: Final = (
    "this potential's training labels already include MP2020's corrections, so they would count "
    "twice"
)
_UNCORRECTED: Final = (
    "this potential's training labels are uncorrected PBE and PBE+U energies; "
    'use "mp2020" or "wang2006"'
)
_NO_PBE_ERROR: Final = (
    "it corrects the error of PBE's O2, but this potential's training labels are r2SCAN "
    'energies, which give Li2O correctly without it; use "none"'
)
_OWN_O2: Final = (
    "it is for training labels that include a correction, but this potential's are plain r2SCAN "
    'energies, which go with its own O2; use "none"'
)
_NOT_RECORDED: Final = (
    'it is not recorded whether this potential\'s labels include an O2 correction; use "none"'
)


@dataclass(frozen=True)
class Potential:
    """A potential and what it needs."""

    package: str
    """Module to import; for a supported one also the extra of llo_dft that installs it."""
    atomate2_name: str | dict[str, str]
    """Its name in atomate2, or where atomate2 is to find its calculator."""
    model: str
    """Which of the package's models, by the value of ``engine.model``."""
    functional: str
    """Functional of its training labels."""
    oxygen: OxygenReference
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What its calculator is made with, but for the device."""
    moments: bool = False
    """Whether it predicts magnetic moments."""
    supported: bool = True
    """Whether it was run with this package."""
    weights: str = ""
    """File of the model's weights in the package; empty if it is not recorded here."""
    bias: tuple[EngineBias, ...] = ()
    """What it gives for published energies (``benchmarks/reference_values.py``)."""
    licence: str = ""
    citation: str = ""
    """licence, citation: of package and weights; what a paper that uses it cites."""


def _own_o2(name: str, refused: Mapping[OxygenScheme, str]) -> OxygenReference:
    return OxygenReference(None, f"O2 by {name} itself", refused)


def _r2scan(name: str) -> OxygenReference:
    return _own_o2(name, {"wang2006": _NO_PBE_ERROR, "mp2020": _NO_PBE_ERROR, "potential": _OWN_O2})


def _pbe(name: str) -> OxygenReference:
    return _own_o2(name, {"potential": _UNCORRECTED})


def _spinel(engine_ev: float) -> tuple[EngineBias, ...]:
    """Return the neutral O vacancy of LiMn2O4 beside the published one.

    2.28 eV beside Mn3+ and 2.30 beside Mn4+. O2 in that paper seems to be PBE's own: its Li
    vacancies in balance with Mn2O3 and with Mn3O4 are 0.13 eV apart, where formation enthalpies
    have 0.35, less 0.68 / 3 with that O2.
    """
    return (
        EngineBias(
            quantity="LiMn2O4, O vacancy",
            engine_ev=engine_ev,
            published_ev=2.29,
            source="PBE+U, X. Li et al., ACS Omega 6, 21255 (2021), Table 1, O-rich; 0.68 more "
            "with a corrected O2",
        ),
    )


#: What the models of a package share.
_OF_CHGNET: Final = partial(
    Potential,
    package="chgnet",
    atomate2_name={
        "@module": "llo_dft.engines.potentials.chgnet",
        "@callable": "ChgnetCalculator",
    },
    moments=True,
    licence="modified BSD",
)
_OF_SEVENN: Final = partial(Potential, package="sevenn", atomate2_name="SevenNet", licence="MIT")
_CHGNET_PAPER: Final = "B. Deng et al., Nat. Mach. Intell. 5, 1031 (2023)"
_CROSS_FUNCTIONAL: Final = "X. Huang et al., npj Comput. Mater. 11, 313 (2025)"
_SEVENN_PAPER: Final = "Y. Park et al., J. Chem. Theory Comput. 20, 4857 (2024)"
_MULTI_FIDELITY: Final = "J. Kim et al., J. Am. Chem. Soc. 147, 1042 (2025)"

#: Those that were run with this package, by engine; their wheels carry their weights. The first
#: model of an engine is the one that a recipe without ``engine.model`` gets.
POTENTIALS: Final[Mapping[str, tuple[Potential, ...]]] = {
    "chgnet": (
        _OF_CHGNET(
            model="r2scan",
            arguments={"model": "r2scan"},
            functional="r2SCAN",
            oxygen=_r2scan("CHGNet r2scan"),
            bias=_spinel(2.67),
            weights="pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
            citation=f"{_CHGNET_PAPER}; {_CROSS_FUNCTIONAL}",
        ),
        _OF_CHGNET(
            model="0.3.0",
            arguments={"model": "0.3.0"},
            functional="PBE/PBE+U mixed, MP2020-corrected",
            oxygen=OxygenReference(
                label_energy_ev_per_atom=MATERIALS_PROJECT_O2,
                source="O2 of the Materials Project, the scale of CHGNet 0.3.0's labels",
                refused={"wang2006": _ALREADY_CORRECTED, "mp2020": _ALREADY_CORRECTED},
            ),
            bias=_spinel(1.87),
            weights="pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
            citation=_CHGNET_PAPER,
        ),
    ),
    "sevenn": (
        _OF_SEVENN(
            model="7net-mf-0-r2scan",
            arguments={"model": "7net-mf-0", "modal": "R2SCAN"},
            functional="r2SCAN",
            oxygen=_r2scan("7net-mf-0 (R2SCAN)"),
            bias=_spinel(3.54),
            weights="pretrained_potentials/SevenNet_MF_0/checkpoint_sevennet_mf_0.pth",
            citation=f"{_SEVENN_PAPER}; {_MULTI_FIDELITY}",
        ),
        _OF_SEVENN(
            model="7net-mf-0-pbe",
            arguments={"model": "7net-mf-0", "modal": "PBE"},
            functional="PBE/PBE+U mixed, uncorrected",
            oxygen=_pbe("7net-mf-0 (PBE)"),
            weights="pretrained_potentials/SevenNet_MF_0/checkpoint_sevennet_mf_0.pth",
            citation=f"{_SEVENN_PAPER}; {_MULTI_FIDELITY}",
        ),
        _OF_SEVENN(
            model="7net-0",
            arguments={"model": "7net-0"},
            functional="PBE/PBE+U mixed, uncorrected",
            oxygen=_pbe("7net-0"),
            weights="pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
            citation=_SEVENN_PAPER,
        ),
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


def known_potential(engine: str, model: str | None = None) -> Potential:
    """Return what is known of a potential.

    One that only atomate2 knows was not run with this package, may fetch weights of its own, and
    only O2 scheme "none" goes with it.

    ``engine`` is a name of ``POTENTIALS`` or ``OTHER_MODULES``, ``model`` one of its models; None:
    the first.

    Raises ``EngineError`` if it has no such model.
    """
    models = models_of(engine)
    for potential in models:
        if model in {None, potential.model}:
            return potential
    raise EngineError(
        f"engine.model = {model!r} is no model of {engine}; expected "
        f"{', '.join(repr(potential.model) for potential in models)}"
    )


def models_of(engine: str) -> tuple[Potential, ...]:
    """Return the models of a potential's engine, the one that a recipe gets first."""
    if engine in POTENTIALS:
        return POTENTIALS[engine]
    return (unrecorded(OTHER_MODULES[engine], engine, "atomate2's default", engine),)


def unrecorded(
    package: str, atomate2_name: str | dict[str, str], model: str, name: str
) -> Potential:
    """Return a potential of which only its module is known: O2 scheme "none" alone goes with it."""
    return Potential(
        package=package,
        atomate2_name=atomate2_name,
        model=model,
        functional="not recorded",
        oxygen=_own_o2(name, dict.fromkeys(("wang2006", "mp2020", "potential"), _NOT_RECORDED)),
        supported=False,
    )


def require_package(potential: Potential) -> None:
    """Refuse a machine without a potential's package.

    Otherwise atomate2 would silently use another potential of that name from a model hub.

    Raises ``EngineError``, with the command that installs it.
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


@cache
def package_version(module: str) -> str:
    """Return the version of the distribution that provides a potential's module."""
    try:
        return version(module)  # most distributions are called as their module
    except PackageNotFoundError:
        return version(packages_distributions()[module][0])  # reads all there are: seconds


def weights_sha256(potential: Potential) -> str | None:
    """Return the hash of a potential's weights, so that others under the same version are seen.

    Raises ``EngineError`` if the installed package has them elsewhere.
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
