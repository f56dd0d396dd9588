"""How potentials relax, as named data: fast, balanced, stringent."""

from typing import Annotated, Final, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from llo_dft.engines.named_settings import NamedSettings


class RelaxationProtocol(NamedSettings):
    """How far and how a potential relaxes a structure."""

    force_tolerance: PositiveFloat
    """Largest force on an atom at the end, eV/angstrom."""
    cell_force_tolerance: PositiveFloat
    """The same where the cell moves too, for atoms and cell (stress times volume, eV); tighter,
    since every slab of a study is cut from that cell."""
    max_steps: PositiveInt
    """Steps after which a relaxation counts as not converged."""
    optimizer: Literal["springs", "BFGSLineSearch", "BFGS", "LBFGS", "FIRE"] = "springs"
    """"springs" (``spring_optimizer``), or the name of one of ASE's."""
    rattle: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Spread of the random displacement, along each axis, after which a relaxed slab is relaxed
    again and the lower one counts, angstrom; 0: once only."""
    rattle_seed: NonNegativeInt = 0
    """The same seed moves the atoms alike."""


# Every slab is rattled: it is cheap, and which vacancy is the lowest is known only at the end.
# Evaluations of CHGNet 0.3.0 to 0.02 eV/A of five slabs, first and after the rattle: 11 + 12,
# 9 + 16, 22 + 10, 33 + 12, 13 + 13. With the first's Hessian handed on the second took 15, 12, 10,
# 12, 11. Rattled at the start and relaxed once, which tests nothing: 18, 17, 24, 42, 16.
# With r2scan 2 of the quickstart's 20 slabs fell by more than 5 meV, the most by 15 meV; to 0.01
# eV/A none did, and the lowest E_f of the two protocols agree within 6 meV
# (benchmarks/protocols.py).
#: A first look; results; and whether results are converged.
FORCE_FIELD_PROTOCOLS: Final = {
    "fast": RelaxationProtocol(force_tolerance=0.10, cell_force_tolerance=0.03, max_steps=300),
    "balanced": RelaxationProtocol(
        force_tolerance=0.02, cell_force_tolerance=0.01, max_steps=500, rattle=0.1
    ),
    "stringent": RelaxationProtocol(
        force_tolerance=0.01, cell_force_tolerance=0.005, max_steps=1500, rattle=0.1
    ),
}
