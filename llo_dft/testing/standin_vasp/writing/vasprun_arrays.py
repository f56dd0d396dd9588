"""The big arrays of vasprun.xml: eigenvalues and densities of states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.model.levels import COLUMNS
from llo_dft.testing.standin_vasp.writing.fortran import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.testing.standin_vasp.model.band_filling import FilledBands
    from llo_dft.testing.standin_vasp.model.smeared_states import DensityOfStates

#: First LORBIT that has every orbital apart, not s, p and d only.
_BY_ORBITAL = 11


def _dimensions(*names: str) -> str:
    return "".join(
        f'    <dimension dim="{number}">{name}</dimension>\n'
        for number, name in enumerate(names, start=1)
    )


def eigenvalues(electrons: FilledBands) -> Iterator[str]:
    """Give the text of <eigenvalues>."""
    yield "  <eigenvalues>\n   <array>\n" + _dimensions("band", "kpoint", "spin")
    yield "    <field>eigene</field>\n    <field>occ</field>\n    <set>\n"
    for spin, points in enumerate(electrons.bands):
        yield f'     <set comment="spin {spin + 1}">\n'
        for number, energies in enumerate(points):
            yield f'      <set comment="kpoint {number + 1}">\n'
            table = np.array([energies, electrons.occupations[spin, number]])
            yield rows(table, "       <r>", " </r>", width=10)
            yield "      </set>\n"
        yield "     </set>\n"
    yield "    </set>\n   </array>\n  </eigenvalues>\n"


def densities_of_states(
    electrons: FilledBands, found: DensityOfStates, lorbit: int
) -> Iterator[str]:
    """Give the text of <dos>, atom by atom; all of it may be hundreds of MB."""
    yield f'  <dos>\n   <i name="efermi">{electrons.fermi_ev:16.8f} </i>\n   <total>\n    <array>\n'
    yield _dimensions("gridpoints", "spin")
    yield "     <field>energy</field>\n     <field>total</field>\n     <field>integrated</field>\n"
    yield "     <set>\n"
    for spin, (density, integral) in enumerate(zip(found.total, found.integrated, strict=True)):
        yield f'      <set comment="spin {spin + 1}">\n'
        yield rows(np.array([found.energies, density, integral]), "       <r>", " </r>")
        yield "      </set>\n"
    yield "     </set>\n    </array>\n   </total>\n"
    if found.partial is not None:
        yield from _partial(found, by_orbital=lorbit >= _BY_ORBITAL)
    yield "  </dos>\n"


def _partial(found: DensityOfStates, *, by_orbital: bool) -> Iterator[str]:
    names = COLUMNS if by_orbital else ("s", "p", "d")
    yield "   <partial>\n    <array>\n" + _dimensions("gridpoints", "spin", "ion")
    yield "".join(f"     <field>{name:>5}</field>\n" for name in ("energy", *names))
    yield "     <set>\n"
    for atom, spins in enumerate(found.partial if found.partial is not None else ()):
        yield f'      <set comment="ion {atom + 1}">\n'
        for spin, columns in enumerate(spins):
            shown = columns if by_orbital else np.add.reduceat(columns, [0, 1, 4])
            yield f'       <set comment="spin {spin + 1}">\n'
            yield rows(np.vstack([found.energies, shown]), "        <r>", " </r>")
            yield "       </set>\n"
        yield "      </set>\n"
    yield "     </set>\n    </array>\n   </partial>\n"
