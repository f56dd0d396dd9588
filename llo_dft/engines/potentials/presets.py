"""How potentials relax, as named data: fast, balanced, stringent."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import PositiveFloat, PositiveInt

from llo_dft.engines.named_settings import NamedSettings


class RelaxationProtocol(NamedSettings):
    """How far and how a potential relaxes a structure.

    Attributes
    ----------
    force_tolerance
        Largest force on an atom at the end, eV/angstrom.
    cell_force_tolerance
        The same where the cell moves too, for atoms and cell (stress times volume, eV); tighter,
        since every slab of a study is cut from that cell.
    max_steps
        Steps after which a relaxation counts as not converged.
    optimizer
        Optimiser of ASE that suits a relaxation, by the name that atomate2's makers know.
    """

    force_tolerance: PositiveFloat
    cell_force_tolerance: PositiveFloat
    max_steps: PositiveInt
    # BFGS with a line search needs a third of the evaluations of FIRE on these slabs (48 atoms,
    # largest force 0.05 eV/A: pristine 15 against 39, half delithiated 17 against 46, with a
    # vacancy 15 against 47; plain BFGS 24, 35 and 36), to the same energies within 5 meV.
    optimizer: Literal["BFGSLineSearch", "BFGS", "LBFGS", "LBFGSLineSearch", "FIRE"] = (
        "BFGSLineSearch"
    )


#: A first look; for ranking sites and fractions; for comparing small differences.
FORCE_FIELD_PROTOCOLS: Final = {
    "fast": RelaxationProtocol(force_tolerance=0.10, cell_force_tolerance=0.03, max_steps=300),
    "balanced": RelaxationProtocol(force_tolerance=0.05, cell_force_tolerance=0.02, max_steps=500),
    "stringent": RelaxationProtocol(
        force_tolerance=0.01, cell_force_tolerance=0.005, max_steps=1500
    ),
}
