"""Any of atomate2's ASE makers, force fields among them, as a maker of calculations."""

import json
from contextlib import chdir
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from atomate2.ase.jobs import AseMaker
from jobflow import Maker
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.base import EngineError, Outcome, moved_to
from llo_dft.errors import CalculationError
from llo_dft.typing import CalculationKind

#: What of a maker bears on no result.
_BESIDE: Final = frozenset({"name", "tags", "ionic_step_data", "store_trajectory", "@version"})


@dataclass
class StockAseMaker(Maker):
    """One kind of calculation by one of atomate2's ASE makers. Implements ``CalculationMaker``.

    ``kind`` is what ``maker``, a subclass of ``AseMaker`` such as ``ForceFieldRelaxMaker``, is
    taken to compute; ``protocol`` is its name, for people. Only energies of one ``functional`` are
    subtracted.

    Raises ``EngineError`` when it is made, if the maker is none of ASE.
    """

    kind: CalculationKind
    maker: AseMaker
    protocol: str = ""
    functional: str = field(default="not recorded")

    def __post_init__(self) -> None:
        """Refuse what is no ASE maker."""
        if not isinstance(self.maker, AseMaker):
            raise EngineError(
                f"{type(self.maker).__name__} is not an atomate2 maker with an ASE calculator; "
                "expected one such as ForceFieldRelaxMaker, or your own subclass of AseMaker"
            )
        self.protocol = self.protocol or self.maker.name

    def settings(self) -> dict[str, Any]:
        """Return the maker as plain data."""
        fields = {n: v for n, v in self.maker.as_dict().items() if n not in _BESIDE}
        return {"stock": json.loads(json.dumps(fields, default=str))}

    def fingerprint(self, structure: Structure) -> Fingerprint:
        """Return the calculator, its arguments, and the version of the package that it is from."""
        del structure
        kind = type(self.maker.calculator)
        package = kind.__module__.partition(".")[0]
        names = packages_distributions().get(package, ())
        arguments = json.dumps(self.maker.calculator_kwargs, sort_keys=True, default=str)
        model = getattr(self.maker, "force_field_name", None)
        return Fingerprint(
            engine="ase",
            engine_version=" ".join(f"{name} {version(name)}" for name in sorted(set(names))),
            model=f"{kind.__module__}:{kind.__qualname__}" + (f" {model}" if model else ""),
            functional=self.functional,
            settings={"calculator_kwargs": arguments},
        )

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        """Run the maker in ``folder``.

        Raises ``CalculationError`` if the maker relaxes and its optimiser says that it did not
        converge.
        """
        bare = structure.copy(site_properties={})
        with chdir(folder):
            result = self.maker.run_ase(bare)
        if False in {result.converged, result.is_force_converged}:
            raise CalculationError(
                "not converged: the ASE optimiser stopped before reaching its criterion"
            )
        final = result.final_mol_or_struct
        atoms = final.to_ase_atoms()
        atoms.calc = self.maker.calculator
        forces = np.linalg.norm(atoms.get_forces(), axis=1)
        moments = atoms.calc.results.get("magmoms")
        n_steps = 1 if result.trajectory is None else len(result.trajectory) - 1
        return Outcome(
            structure=moved_to(structure, final.lattice, final.frac_coords),
            energy_ev=float(atoms.get_potential_energy()),
            max_force_ev_per_angstrom=float(forces.max()),
            magmoms_mu_b=None if moments is None else [float(one) for one in moments],
            n_steps=n_steps,
            n_evaluations=n_steps + 1,
            notes=[f"by atomate2's {self.protocol}"],
        )

    def read_back(self, folder: Path) -> None:
        """Return None: there are no files of a program."""
        del folder
