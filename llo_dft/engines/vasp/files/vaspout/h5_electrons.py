"""Densities of states, eigenvalues and moments of vaspout.h5.

Shapes, as py4vasp documents them: ``dos`` and ``dosi`` (spins, energies), ``dospar`` (spins,
atoms, orbitals, energies) with the orbitals' names in ``projectors/lchar``, which may list more
of them; ``eigenvalues`` and ``fermiweights`` (spins, k-points, bands); ``moments`` (steps,
components, atoms, orbitals).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.vasprun.densities import (
    NON_COLLINEAR,
    ProjectedDensity,
    TotalDensity,
    columns_of,
)
from llo_dft.engines.vasp.files.vasprun.eigenvalues import Eigenvalues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.engines.vasp.files.vaspout.datasets import H5File
    from llo_dft.engines.vasp.files.vasprun.header import Header

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
    if (np.diff(energies) < 0).any():
        raise file.error("corrupt", "the energies are not ascending", f"{_DOS}/energies")
    density = file.floats(f"{_DOS}/dos", (None, len(energies)))
    integrated = file.floats(f"{_DOS}/dosi", density.shape)
    if len(density) not in {1, 2, NON_COLLINEAR}:
        raise file.error("corrupt", f"{len(density)} spins", f"{_DOS}/dos")
    n_spins = 1 if len(density) == NON_COLLINEAR else len(density)
    fermi = file.number(f"{_DOS}/efermi")
    return TotalDensity(energies, density[:n_spins], integrated[:n_spins], fermi)


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
    shape, names = file.shape(path), file.texts(_NAMES)
    n_spins = len(total.density)
    wanted = (n_spins, len(header.symbols), len(total.energies_ev))
    if len(shape) != 4 or (min(shape[0], n_spins), shape[1], shape[3]) != wanted:  # noqa: PLR2004 (four axes)
        what = f"of shape {shape} for {wanted[0]} spins, {wanted[1]} atoms, {wanted[2]} energies"
        raise file.error("corrupt", what, path)
    if shape[2] > len(names):
        raise file.error("corrupt", f"{shape[2]} orbitals, and {len(names)} names", path)
    names = names[: shape[2]]
    columns = [column - 1 for column in columns_of(("energy", *names), orbital)]
    if not columns:
        raise file.error("absent", f"no column for {orbital!r} among {', '.join(names)}", _NAMES)
    density = np.zeros((len(sites), n_spins, len(total.energies_ev)))
    for row, site in enumerate(sites):
        part = (slice(n_spins), site, slice(min(columns), max(columns) + 1), slice(None))
        values = file.floats(path, shape, part=part)
        chosen = [column - min(columns) for column in columns]
        density[row] = values[:, chosen].sum(axis=1)
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
    return Eigenvalues(energies, file.floats(f"{_BANDS}/fermiweights", energies.shape))


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
        names = file.texts(tags)
        along = [number for number, name in enumerate(names) if name in _ALONG]
        if len(names) != 2 or len(along) != 1:  # noqa: PLR2004 (the charge, and one component)
            return None
        shape = (n_steps, len(names), n_atoms, None)
        values = file.floats(path, shape, part=(n_steps - 1, along[0]))
        return tuple(float(moment) for moment in values.sum(axis=-1))
    return None
