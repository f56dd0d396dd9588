"""Whether densities of states can be what VASP wrote: damage that leaves readable numbers.

A byte that turns from a blank into a digit makes a number ten or more too large, one that
turns into a sign makes it negative. The rows say the same thing several times over, and that
gives most such damage away. A rule that many rows break is not this run's rule (another
method of integration, say), and nothing is concluded from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from llo_dft.engines.vasp.files.file_errors import NamesPlaces
    from llo_dft.engines.vasp.files.vasprun.sets import SetReader
    from llo_dft.typing import FloatArray

#: Most rows in a thousand, and at least this many, that may break a rule for it to be theirs.
_FEW_PER_MILLE: Final = 5
_FEW: Final = 4

#: By how many units of the last decimal an energy may be off the even grid: both are rounded.
_GRID_UNITS: Final = 2

#: By how much a projection on one atom and orbital may exceed the total density.
_EXCESS_FACTOR: Final = 2.0
_EXCESS_STATES_PER_EV: Final = 1.0

#: Height of a peak of one point, on one atom, that the total must have as well; a blank that
#: becomes a digit makes ten or more.
_SPIKE_STATES_PER_EV: Final = 6.0

#: Kinds of smearing whose densities can't be negative: Gauss, Fermi, tetrahedra.
_NON_NEGATIVE_SMEARING: Final = frozenset({0, -1, -4, -5})


def refuse(reader: SetReader, what: str, offset: int | None = None) -> NoReturn:
    """Raise that the array is corrupt."""
    raise reader.stream.error("corrupt", what, reader.section, offset)


def first_of_few(broken: npt.NDArray[np.bool_]) -> int | None:
    """Return the first row that breaks a rule that the others keep."""
    count = int(broken.sum())
    if 0 < count <= max(_FEW, broken.size * _FEW_PER_MILLE // 1000) and 2 * count < broken.size:
        return int(np.flatnonzero(broken)[0])
    return None


def check_energies(
    reader: SetReader, energies: FloatArray, grid: FloatArray | None, start: int
) -> FloatArray:
    """Refuse energies that are not an even grid, or not that of the sets before.

    Returns
    -------
    The grid, shape (n_energies,), in units of the last decimal.
    """
    length = reader.layout.length if reader.layout is not None else 0
    if grid is None:
        n = len(energies)
        even = np.linspace(energies[0], energies[-1], n) if n else energies
        off = np.abs(energies - even) > _GRID_UNITS
        if n > 1 and (energies[-1] <= energies[0] or off.any()):
            row = int(np.flatnonzero(off)[0]) if off.any() else 0
            what = f"the energies are not evenly spaced and ascending (row {row + 1} of {n})"
            refuse(reader, what, start + row * length)
        return energies
    if not np.array_equal(energies, grid):
        row = int(np.flatnonzero(energies != grid)[0])
        what = f"the energy of row {row + 1} is not that of the other sets"
        refuse(reader, what, start + row * length)
    return grid


def check_total(
    reader: SetReader,
    energies: FloatArray,
    densities: tuple[FloatArray, FloatArray],
    smearing: int,
) -> None:
    """Refuse a total density that a few rows of its own integral contradict.

    VASP's smeared density is the difference quotient of the integrated one, to rounding. That
    of tetrahedra is not, but its integral never falls.

    Parameters
    ----------
    reader
        To name the place.
    energies
        Shape (n_energies,).
    densities
        Density and integral, each of shape (n_spins, n_energies).
    smearing
        ISMEAR.
    """
    density, integrated = densities
    if len(energies) < 3:  # noqa: PLR2004 (nothing to compare)
        return
    step = (energies[-1] - energies[0]) / (len(energies) - 1)
    unit = 10.0 ** -min(reader.layout.decimals[1:]) if reader.layout is not None else 0.0
    for spin, (states, sums) in enumerate(zip(density, integrated, strict=True), start=1):
        difference = np.abs(np.diff(sums) - states[1:] * step)
        row = first_of_few(difference > unit * (1.1 + step))
        if row is None and smearing in _NON_NEGATIVE_SMEARING:
            row = first_of_few(np.diff(sums) < -2 * unit)  # true for tetrahedra as well
        if row is not None:
            refuse(
                reader,
                f"density and integral contradict each other near row {row + 2}, spin {spin}",
            )


def _jump(density: FloatArray) -> FloatArray:
    """Return by how much each point stands above both its neighbours."""
    outside = np.full((*density.shape[:-1], 1), -np.inf)
    before = np.concatenate([outside, density[..., :-1]], axis=-1)
    after = np.concatenate([density[..., 1:], outside], axis=-1)
    jump: FloatArray = density - np.maximum(before, after)
    return jump


def check_projection(
    stream: NamesPlaces, total: FloatArray, projected: FloatArray, smearing: int
) -> None:
    """Refuse projections of which a few points can't be: above the total, or negative.

    Parameters
    ----------
    stream
        The file, to name the place.
    total
        States per eV, shape (n_spins, n_energies).
    projected
        States per eV, shape (n_sites, n_spins, n_energies).
    smearing
        ISMEAR.
    """
    if projected.shape[1:] != total.shape:
        what = f"total of {len(total)} spins, projections of {projected.shape[1]}"
        raise stream.error("corrupt", what, "<dos><partial>")
    limit = _EXCESS_FACTOR * np.abs(total) + _EXCESS_STATES_PER_EV
    spike = _SPIKE_STATES_PER_EV + 2 * np.maximum(_jump(total), 0.0)
    rules = [
        ("far above the total", projected > limit),
        ("a peak that the total lacks", _jump(projected) > spike),
    ]
    if smearing in _NON_NEGATIVE_SMEARING:
        rules.append(("negative", projected < -1e-3))  # noqa: PLR2004 (beyond rounding)
    for what, broken in rules:
        count = int(broken.sum())
        if 0 < count <= _FEW:
            site, spin, row = (int(index[0]) for index in np.nonzero(broken))
            raise stream.error(
                "corrupt",
                f"the density of projected site number {site + 1} is {what}, spin {spin + 1}, "
                f"row {row + 1}",
                "<dos><partial>",
            )
