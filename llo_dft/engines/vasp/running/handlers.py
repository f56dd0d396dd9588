"""Which errors of VASP custodian repairs here, and which of its repairs are left out.

Left out, of what atomate2 takes by default:

- ``LargeSigmaHandler``: would compute one slab at a smaller SIGMA than the slab whose energy
  is taken from it. Energies are those at zero width, and both have the same error.
- ``IncorrectSmearingHandler``: puts ISMEAR = 2 where tetrahedra met a metal; none are used here.
- ``KspacingMetalHandler``: changes KSPACING, which is not used here.

And of all: ``AliasingErrorHandler`` and ``DriftErrorHandler`` change grids and cutoffs, which
PREC = Accurate makes unnecessary and which would no longer agree within a charge difference.
"""

import time
from datetime import datetime
from typing import Any, Final

from custodian.custodian import ErrorHandler
from custodian.vasp import handlers

from llo_dft.engines.vasp.installation import VaspMachine

#: Errors whose repair would compute something else: the axes of the cell exchanged, of which the
#: third is a slab's normal. The builders give no cell that needs it.
NOT_REPAIRED: Final = frozenset({"triple_product"})

#: Repairs before a calculation is given up: custodian's ladder for a cycle that does not converge
#: has four rungs, and one is left for whatever comes of them.
MAX_ERRORS: Final = 5

#: Silence after which VASP counts as hung, s. A cycle of a hybrid functional on a slab takes long.
FROZEN_AFTER_S: Final = 6 * 3600
FROZEN_HYBRID_AFTER_S: Final = 24 * 3600


def error_handlers(*, hybrid: bool) -> list[ErrorHandler]:
    """Return the handlers, in the order in which custodian asks them."""
    caught = [name for name in handlers.VaspErrorHandler.error_msgs if name not in NOT_REPAIRED]
    return [
        # what VASP prints before it gives up: ZBRENT at the end of a line search, BRMIX and
        # EDDDAV of a cycle that runs away, matrices that lose their symmetry
        handlers.VaspErrorHandler(errors_subset_to_catch=caught),
        # a mesh that lacks the symmetry of a crystal's lattice: no symmetry then
        handlers.MeshSymmetryErrorHandler(),
        # ended unconverged: another ALGO for the electrons, more steps from CONTCAR for the ions
        handlers.UnconvergedErrorHandler(),
        # ten steps in a row whose cycle did not converge: stop wasting time, another ALGO
        handlers.NonConvergingErrorHandler(),
        # energy jumps up by 1 eV an atom: the step is too long, as after taking an atom out
        handlers.PotimErrorHandler(),
        # a positive total energy: the cycle ran away
        handlers.PositiveEnergyErrorHandler(),
        # no output for hours: a hung MPI
        handlers.FrozenJobErrorHandler(timeout=FROZEN_HYBRID_AFTER_S if hybrid else FROZEN_AFTER_S),
        # what only stderr says: out of memory, G-vectors changed in a star
        handlers.StdErrHandler(),
    ]


def wall_time_handler(machine: VaspMachine, *, one_point: bool) -> list[ErrorHandler]:
    """Return the handler that has VASP stop in time; none if the machine sets no end.

    A relaxation is stopped between ionic steps (LSTOP). A single point has none and is stopped
    between cycles (LABORT).
    """
    if machine.end_time is None:
        return []
    handler = handlers.WalltimeHandler(
        wall_time=max(1.0, machine.end_time - time.time()),
        buffer_time=machine.stop_before_s,
        electronic_step_stop=one_point,
    )
    # counted from now: by itself it counts from its first use in this process
    handler.start_time = datetime.now()  # noqa: DTZ005 (it subtracts another local time)
    return [handler]


def custodian_settings(machine: VaspMachine) -> dict[str, Any]:
    """Return custodian's settings of how often it looks."""
    return {
        "polling_time_step": machine.polling_s,
        "monitor_freq": max(1, round(machine.monitor_s / machine.polling_s)),
        "gzipped_output": False,  # the maker zips, once the outputs are read
    }
