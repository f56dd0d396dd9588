"""Densities of states, eigenvalues and moments of vaspout.h5.

Shapes, as py4vasp documents them: ``dos`` and ``dosi`` (spins, energies), ``dospar`` (spins,
atoms, orbitals, energies) with the orbitals' names in ``projectors/lchar``, which may list more
of them; ``eigenvalues`` and ``fermiweights`` (spins, k-points, bands); ``moments`` (steps,
components, atoms, orbitals).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.run_settings import smearing_of
from llo_dft.engines.vasp.files.vasprun.densities import (
    NON_COLLINEAR,
    ProjectedDensity,
    TotalDensity,
    columns_of,
)
from llo_dft.engines.vasp.files.vasprun.density_checks import check_projection, first_of_few
from llo_dft.engines.vasp.files.vasprun.eigenvalues import Eigenvalues, fault_in_bands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.engines.vasp.files.vaspout.datasets import H5File
    from llo_dft.engines.vasp.files.vasprun.header import Header
    from llo_dft.typing import FloatArray

_DOS: Final = "results/electron_dos"
_NAMES: Final = "results/projectors/lchar"
_BANDS: Final = "results/electron_eigenvalues"
_MAGNETISM: Final = "intermediate/ion_dynamics/magnetism"

#: Where moments are: (components, values); the first of VASP before 6.4.3, the second since.
_MOMENTS: Final = (
    (f"{_MAGNETISM}/component_tags", f"{_MAGNETISM}/moments"),
    (f"{_MAGNETISM}/spin_moments/components", f"{_MAGNETISM}/spin_moments/values"),
)

#: What the component along the spins' axis is called; further ones are of non-collinear spins.
_ALONG: Final = frozenset({"magnetization (x)", "x", "magnetization", "sigma_z"})

#: How uneven the steps of the energies may be, of a step, and how far the integral of the
#: density may be from it, of an electron.
_UNEVEN: Final = 1e-6
_INTEGRAL_TOLERANCE: Final = 1e-6

#: A larger moment is damaged, Bohr magnetons: no atom has more than eight unpaired electrons.
_LARGEST_MOMENT: Final = 12.0

#: By how much a band energy or E_F may lie outside of what an atom's electrons have, eV.
_LARGEST_ENERGY_EV: Final = 1e5


def read_total(file: H5File, header: Header) -> TotalDensity | None:
    """Read the total density; None if the file has none.

    Raises
    ------
    VaspFileError
        If it is damaged.
    """
    if not file.has(f"{_DOS}/energies"):
        return None
    nedos = header.parameters.get("NEDOS")
    energies = file.floats(f"{_DOS}/energies", (nedos if isinstance(nedos, int) else None,))
    steps = np.diff(energies)
    if len(energies) > 1 and (steps[0] <= 0 or np.ptp(steps) > _UNEVEN * steps[0]):
        what = "the energies are not evenly spaced and ascending"
        raise file.error("corrupt", what, f"{_DOS}/energies")
    density = file.floats(f"{_DOS}/dos", (None, len(energies)))
    integrated = file.floats(f"{_DOS}/dosi", density.shape)
    if len(density) not in {1, 2, NON_COLLINEAR}:
        raise file.error("corrupt", f"{len(density)} spins", f"{_DOS}/dos")
    if len(density) == 2 and header.parameters.get("ISPIN") != 2:  # noqa: PLR2004 (two spins)
        raise file.error("corrupt", "two spins of a run without spin", f"{_DOS}/dos")
    n_spins = 1 if len(density) == NON_COLLINEAR else len(density)
    fermi = file.number(f"{_DOS}/efermi")
    if max(abs(fermi), np.abs(energies).max(initial=0.0)) > _LARGEST_ENERGY_EV:
        raise file.error("corrupt", f"an energy beyond {_LARGEST_ENERGY_EV:g} eV", _DOS)
    found = TotalDensity(energies, density[:n_spins], integrated[:n_spins], fermi)
    _check_total(file, found)
    return found


def _check_total(file: H5File, found: TotalDensity) -> None:
    """Refuse a density that a few points of its own integral contradict."""
    if len(found.energies_ev) < 3:  # noqa: PLR2004 (nothing to compare)
        return
    step = (found.energies_ev[-1] - found.energies_ev[0]) / (len(found.energies_ev) - 1)
    for spin, (states, sums) in enumerate(
        zip(found.density, found.integrated, strict=True), start=1
    ):
        tolerance = _INTEGRAL_TOLERANCE * (1.0 + np.abs(sums[1:]))
        row = first_of_few(np.abs(np.diff(sums) - states[1:] * step) > tolerance)
        if row is None:
            row = first_of_few(np.diff(sums) < -tolerance)
        if row is not None:
            what = f"density and integral contradict each other near row {row + 2}, spin {spin}"
            raise file.error("corrupt", what, f"{_DOS}/dosi")


def read_projected(
    file: H5File, header: Header, total: TotalDensity, sites: Sequence[int], orbital: str
) -> ProjectedDensity:
    """Read projections on some atoms, one atom at a time.

    Parameters
    ----------
    file
        The file.
    header
        Its header.
    total
        The total density, whose energies they share.
    sites
        Indices of the atoms.
    orbital
        See ``ProjectionRequest``.

    Raises
    ------
    VaspFileError
        If they are not there, damaged, or have no such orbital.
    """
    path = f"{_DOS}/dospar"
    if not file.has(path) or not file.has(_NAMES):
        what = "no projected density of states; run VASP with LORBIT = 11"
        raise file.error("absent", what, path)
    n_atoms, n_energies = len(header.symbols), len(total.energies_ev)
    shape = file.shape(path)
    names = [name.strip() for name in file.texts(_NAMES, (None,))]
    if len(shape) != 4 or not 0 < shape[2] <= len(names):  # noqa: PLR2004 (four axes)
        raise file.error("corrupt", f"of shape {shape}, and {len(names)} orbitals", path)
    names = names[: shape[2]]
    if len(set(names)) != len(names):
        raise file.error("corrupt", f"orbitals {', '.join(names)}", _NAMES)
    columns = [column - 1 for column in columns_of(("energy", *names), orbital)]
    if not columns:
        raise file.error("absent", f"no column for {orbital!r} among {', '.join(names)}", _NAMES)
    n_spins = len(total.density)
    if shape[0] not in {n_spins, NON_COLLINEAR}:
        what = f"total of {n_spins} spins, projections of {shape[0]}"
        raise file.error("corrupt", what, path)
    density = np.zeros((len(sites), n_spins, n_energies))
    for row, site in enumerate(sites):
        part = (slice(n_spins), site, slice(min(columns), max(columns) + 1), slice(None))
        values = file.floats(path, (shape[0], n_atoms, shape[2], n_energies), part=part)
        chosen = [column - min(columns) for column in columns]
        density[row] = values[:, chosen].sum(axis=1)
    check_projection(file, total.density, density, smearing_of(header.parameters))
    return ProjectedDensity(tuple(sites), orbital, tuple(names[c] for c in columns), density)


def read_eigenvalues(file: H5File, header: Header) -> Eigenvalues:
    """Read band energies and occupations.

    Raises
    ------
    VaspFileError
        If they are damaged, or not there.
    """
    path = f"{_BANDS}/eigenvalues"
    energies = file.floats(path, (None, len(header.kpoints.points), None))
    if len(energies) != header.parameters["ISPIN"]:
        what = f"{len(energies)} spins, and ISPIN is {header.parameters['ISPIN']}"
        raise file.error("corrupt", what, path)
    occupations = file.floats(f"{_BANDS}/fermiweights", energies.shape)
    found = Eigenvalues(energies, occupations)
    n_bands = header.parameters.get("NBANDS")
    fault = fault_in_bands(found, n_bands if isinstance(n_bands, int) else None)
    if fault is None and np.abs(energies).max(initial=0.0) > _LARGEST_ENERGY_EV:
        fault = f"an energy beyond {_LARGEST_ENERGY_EV:g} eV"
    if fault is not None:
        raise file.error("corrupt", fault, path)
    return found


def read_moments(file: H5File, n_atoms: int, n_steps: int) -> tuple[float, ...] | None:
    """Read the moment of each atom at the last step; None if the run has none along one axis.

    Raises
    ------
    VaspFileError
        If they are damaged.
    """
    for tags, path in _MOMENTS:
        if not file.has(tags) or not file.has(path):
            continue
        names = [name.strip() for name in file.texts(tags, (None,))]
        along = [number for number, name in enumerate(names) if name in _ALONG]
        if len(names) != 2 or len(along) != 1:  # noqa: PLR2004 (the charge, and one component)
            return None
        shape = (n_steps, len(names), n_atoms, None)
        values: FloatArray = file.floats(path, shape, part=(n_steps - 1, along[0]))
        moments = values.sum(axis=-1)
        if np.abs(moments).max(initial=0.0) > _LARGEST_MOMENT:
            raise file.error("corrupt", f"a moment of {np.abs(moments).max():.3g} mu_B", path)
        return tuple(float(moment) for moment in moments)
    return None
