"""vaspout.h5 of VASP 6, read into the same record as vasprun.xml.

Unlike vasprun.xml, vaspout.h5 has more digits, the moments of the atoms, and only those settings
that INCAR sets. Its layout is not documented by VASP; the parts used are named by py4vasp's schema
(Apache-2.0, version 0.11) and were compared with a file of VASP 6.4.1:

* ``intermediate/ion_dynamics``: a row for each ionic step. ``oszicar`` has one for each electronic
  step, whose first column restarts at 1 with each ionic step, and ``electronic_step_converged`` is
  0 where the loop converged (both from VASP 6.5 on). Older files don't say whether the electrons
  converged: without an OUTCAR this is assumed, with a note.
  ``magnetism`` has moments by (steps, components, atoms, orbitals).
* ``results/electron_eigenvalues``: ``eigenvalues``, ``fermiweights`` by (spins, k-points, bands).
* ``results/electron_dos``: ``dos`` and ``dosi`` by (spins, energies), ``dospar`` by (spins, atoms,
  orbitals, energies), with the orbitals' names in ``projectors/lchar``, which may list more.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.finished_run import Found, Vasprun, Wanted, finish_run, sites_of
from llo_dft.engines.vasp.files.vaspout.h5_file import H5File
from llo_dft.engines.vasp.files.vaspout.vaspout_header import read_header, read_positions
from llo_dft.engines.vasp.files.vasprun.convergence import DOES_NOT_SAY, Convergence, convergence
from llo_dft.engines.vasp.files.vasprun.densities import (
    NON_COLLINEAR,
    ProjectedDensity,
    ProjectionRequest,
    TotalDensity,
    columns_of,
)
from llo_dft.engines.vasp.files.vasprun.eigenvalues import Eigenvalues
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header
from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step
from llo_dft.typing import FloatArray

_STEPS: Final = "intermediate/ion_dynamics"
_DOS: Final = "results/electron_dos"
_NAMES: Final = "results/projectors/lchar"
_BANDS: Final = "results/electron_eigenvalues"

_FREE, _WITHOUT, _ZERO = "free energy TOTEN", "energy without entropy", "energy(sigma->0)"

#: Difference of energies summed in another order, relative and eV.
_ROUNDING: Final = 1e-6

#: Where moments are: (components, values); the first before VASP 6.4.3, the second since.
_MOMENTS: Final = (
    (f"{_STEPS}/magnetism/component_tags", f"{_STEPS}/magnetism/moments"),
    (f"{_STEPS}/magnetism/spin_moments/components", f"{_STEPS}/magnetism/spin_moments/values"),
)

#: Name of the component along the spins' axis; further ones are of non-collinear spins.
_ALONG: Final = frozenset({"magnetization (x)", "x", "magnetization", "sigma_z"})


def read_vaspout(
    path: str | Path,
    *,
    eigenvalues: bool = False,
    dos: bool = False,
    projection: ProjectionRequest | None = None,
) -> Vasprun:
    """Read a vaspout.h5; parameters and result as for ``read_vasprun``.

    Needs the package h5py.

    Raises ``VaspFileError`` if the file is unreadable, cut off, damaged, or lacks what is
    requested; ``fault`` says which and ``place`` names the dataset.
    """
    path = Path(path)
    wanted = Wanted(eigenvalues, dos or projection is not None, projection)
    found = Found()
    with H5File(path) as file:
        header = read_header(file)
        wanted.sites = sites_of(path, header, projection)
        found.steps = _read_steps(file, header)
        final = read_positions(file, "results/positions", header.symbols)
        found.decided = _decide(file, header, found.steps)
        if header.parameters["ISPIN"] == 2:  # noqa: PLR2004 (two spins)
            found.moments_mu_b = _read_moments(file, len(header.symbols), len(found.steps))
        if wanted.dos:
            found.total = _read_total(file, header)
        if wanted.sites is not None and projection is not None and found.total is not None:
            found.projected = _read_projected(
                file, header, found.total, wanted.sites, projection.orbital
            )
        if eigenvalues:
            energies = file.floats(
                f"{_BANDS}/eigenvalues", (None, len(header.kpoints.points), None)
            )
            occupations = file.floats(f"{_BANDS}/fermiweights", energies.shape)
            found.eigenvalues = Eigenvalues(energies, occupations)
    return finish_run(path, header, wanted, found, final)


def _read_steps(file: H5File, header: Header) -> list[Step]:
    """Read the ionic steps, with forces and structure only of the last."""
    path = f"{_STEPS}/energies"
    if file.find(path) is None:
        raise file.error("absent", "no ionic step", _STEPS)
    names = [" ".join(tag.split()) for tag in file.texts(f"{path}_tags")]
    energies = file.floats(path, (None, len(names)))
    if not len(energies):
        raise file.error("truncated", "no ionic step was finished", path)
    steps = []
    for number, history in enumerate(_electronic(file, len(energies))):
        found = dict(zip(names, map(float, energies[number]), strict=True))
        # the columns of molecular dynamics differ and are not supported
        free, without, zero = (found.get(name) for name in (_FREE, _WITHOUT, _ZERO))
        if free is None or without is None or zero is None:
            zero = None
        elif not _between(zero, free, without):
            what = (
                f"the energies {free}, {without} and {zero} eV of one step contradict one another"
            )
            raise file.error("corrupt", what, path)
        # nothing says whether these include the work of an external pressure
        known = header.has_ground_state and not header.parameters.get("PSTRESS")
        steps.append(Step(zero if known else None, free, history))
    steps[-1] = _with_atoms(file, header, steps[-1], len(steps))
    return steps


def _between(middle: float, *ends: float) -> bool:
    slack = _ROUNDING * (1.0 + abs(ends[0]))
    return min(ends) - slack <= middle <= max(ends) + slack


def _electronic(file: H5File, n_steps: int) -> list[FloatArray]:
    """Return the free energy after each electronic step, for each ionic step; empty if unknown."""
    path = f"{_STEPS}/oszicar"
    if file.find(path) is None or file.find(f"{path}_label") is None:
        return [np.empty(0)] * n_steps
    names = file.texts(f"{path}_label")
    rows = file.floats(path, (None, len(names)))
    if "N" not in names or "E" not in names:
        raise file.error("corrupt", f"columns {', '.join(names)}", f"{path}_label")
    starts = np.flatnonzero(rows[:, names.index("N")] == 1)
    if len(starts) != n_steps or starts[0]:
        what = f"electronic steps of {len(starts)} ionic steps, but there are {n_steps}"
        raise file.error("corrupt", what, path)
    return np.split(rows[:, names.index("E")], starts[1:])


def _with_atoms(file: H5File, header: Header, step: Step, n_steps: int) -> Step:
    n_atoms = len(header.symbols)

    def read(name: str, *shape: int) -> FloatArray | None:
        path = f"{_STEPS}/{name}"
        return None if file.find(path) is None else file.floats(path, (n_steps, *shape), -1)

    vectors, places = read("lattice_vectors", 3, 3), read("position_ions", n_atoms, 3)
    scale = file.number(f"{_STEPS}/scale", 1.0)
    fixed, movable = "results/positions/selective_dynamics_ions", None
    if file.find(fixed) is not None:
        movable = np.array(file.integers(fixed, 3 * n_atoms), dtype=np.float64).reshape(-1, 3)
    return replace(
        step,
        crystal=None
        if vectors is None or places is None
        else Crystal(scale * vectors, header.symbols, places),
        movable=movable,
        forces_ev_per_angstrom=read("forces", n_atoms, 3),
        stress_kbar=read("stress", 3, 3),
    )


def _decide(file: H5File, header: Header, steps: list[Step]) -> Convergence:
    """Decide whether the run converged; VASP's own verdict counts if the file has it."""
    decided = convergence(header.incar, header.parameters, steps)
    if not len(steps[-1].electronic_ev):
        reason = f"vaspout.h5 of VASP {header.version} {DOES_NOT_SAY}; assumed that they did"
        return replace(decided, electronic=True, electronic_reason=reason)
    path = f"{_STEPS}/electronic_step_converged"
    found = file.find(path)
    if found is None:
        return decided
    shape = tuple(found.shape)
    if shape[:1] != (len(steps),):
        raise file.error("corrupt", f"of shape {shape} for {len(steps)} steps", path)
    if file.floats(path, shape).reshape(len(steps), -1)[-1, 0] == 0:
        return decided
    reason = "VASP says that its last electronic loop did not converge"
    return replace(decided, electronic=False, electronic_reason=reason)


def _read_moments(file: H5File, n_atoms: int, n_steps: int) -> tuple[float, ...] | None:
    """Read the moment of each atom at the last step; None unless all are along one axis."""
    for tags, path in _MOMENTS:
        if file.find(tags) is None or file.find(path) is None:
            continue
        names = file.texts(tags)
        along = [number for number, name in enumerate(names) if name in _ALONG]
        if len(names) != 2 or len(along) != 1:  # noqa: PLR2004 (the charge, and one component)
            return None
        shape = (n_steps, len(names), n_atoms, None)
        return tuple(map(float, file.floats(path, shape, (-1, along[0])).sum(axis=-1)))
    return None


def _read_total(file: H5File, header: Header) -> TotalDensity | None:
    if file.find(f"{_DOS}/energies") is None:
        return None
    nedos = header.parameters.get("NEDOS")
    energies = file.floats(f"{_DOS}/energies", (nedos if isinstance(nedos, int) else None,))
    if (np.diff(energies) < 0).any():
        raise file.error("corrupt", "the energies are not ascending", f"{_DOS}/energies")
    density = file.floats(f"{_DOS}/dos", (None, len(energies)))
    integrated = file.floats(f"{_DOS}/dosi", density.shape)
    if len(density) not in {1, 2, NON_COLLINEAR}:
        raise file.error("corrupt", f"{len(density)} spins", f"{_DOS}/dos")
    n_spins = 1 if len(density) == NON_COLLINEAR else len(density)
    fermi = file.number(f"{_DOS}/efermi")
    return TotalDensity(energies, density[:n_spins], integrated[:n_spins], fermi)


def _read_projected(
    file: H5File, header: Header, total: TotalDensity, sites: Sequence[int], orbital: str
) -> ProjectedDensity:
    """Read projections on some atoms, one atom at a time."""
    path = f"{_DOS}/dospar"
    found = file.find(path)
    if found is None or file.find(_NAMES) is None:
        what = "no projected density of states; run VASP with LORBIT = 11"
        raise file.error("absent", what, path)
    shape, names = tuple(found.shape), file.texts(_NAMES)
    n_spins = len(total.density)
    wanted = (n_spins, len(header.symbols), len(total.energies_ev))
    if len(shape) != 4 or (min(shape[0], n_spins), shape[1], shape[3]) != wanted:  # noqa: PLR2004 (four axes)
        what = f"of shape {shape} for {wanted[0]} spins, {wanted[1]} atoms, {wanted[2]} energies"
        raise file.error("corrupt", what, path)
    if shape[2] > len(names):
        raise file.error("corrupt", f"{shape[2]} orbitals, but {len(names)} names", path)
    names = names[: shape[2]]
    columns = [column - 1 for column in columns_of(("energy", *names), orbital)]
    if not columns:
        raise file.error("absent", f"no column for {orbital!r} among {', '.join(names)}", _NAMES)
    first, last = min(columns), max(columns)
    chosen = [column - first for column in columns]
    density = np.array(
        [
            file.floats(path, shape, np.s_[:n_spins, site, first : last + 1])[:, chosen].sum(axis=1)
            for site in sites
        ]
    )
    return ProjectedDensity(tuple(sites), orbital, tuple(names[c] for c in columns), density)
