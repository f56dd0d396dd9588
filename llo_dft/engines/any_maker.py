"""atomate2's makers in this package's flows: ``calculation_maker(StaticMaker(), "static")``."""

from importlib import import_module
from typing import Final, cast

from jobflow import Maker

from llo_dft.engines.base import CalculationMaker, EngineError
from llo_dft.typing import CalculationKind

#: What wraps makers of a class: ``module:class`` of both, and imported only if it is that one.
_ADAPTERS: Final = {
    "atomate2.vasp.jobs.base:BaseVaspMaker": "llo_dft.engines.vasp.stock_vasp_maker:StockVaspMaker",
    "atomate2.ase.jobs:AseMaker": "llo_dft.engines.potentials.stock_ase_maker:StockAseMaker",
}


def calculation_maker(maker: Maker, kind: CalculationKind) -> CalculationMaker:
    """Return a maker of calculations that runs one of atomate2's makers.

    Raises ``EngineError`` if it is neither, such as the maker of a whole flow.

    The maker is one of a single job: a ``BaseVaspMaker`` or an ``AseMaker``. That it suits ``kind``
    (a free cell for "bulk_relax") is up to the user; that all energies of a study are comparable is
    still checked.
    """
    above = {f"{one.__module__}:{one.__qualname__}" for one in type(maker).__mro__}
    for name, adapter in _ADAPTERS.items():
        if name in above:
            module, _, found = adapter.partition(":")
            made = getattr(import_module(module), found)(kind=kind, maker=maker)
            return cast("CalculationMaker", made)
    raise EngineError(
        f"{type(maker).__name__} does not make a single VASP or ASE job; expected atomate2's "
        "BaseVaspMaker (StaticMaker, RelaxMaker, ...) or AseMaker (ForceFieldRelaxMaker, ...)"
    )
