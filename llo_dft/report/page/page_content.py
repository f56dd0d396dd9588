"""The content of a report's page: the result of a study, and other data from its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.documents.electrons.electronic import BandCenters
from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.stability.phase_stability import StabilityResult
from llo_dft.documents.study_result import StudyResult
from llo_dft.report.figures.interface_picture import DEFAULT_LEVEL, view_of_interface
from llo_dft.report.figures.isosurface import isosurface
from llo_dft.typing import FloatArray, Status

#: Points along an axis at most: finer is not seen on a page, and weighs.
_MOST_POINTS: Final = 28

#: What the page says about the source of its energies: a class for colour, a word, a sentence.
_LIGHTS: Final = {
    "mock": ("MOCK", "these numbers are mock: none is a result"),
    "potential": ("potential only", "a machine-learned potential, no electrons computed"),
    "dft": ("DFT", "every energy is from density functional theory"),
    "none": ("nothing computed", "no energy is known yet"),
}


@dataclass(frozen=True)
class CalculationRow:
    """One planned calculation; numbers are None where there are none.

    ``n_evaluations`` are those of energy and forces, ``force_ev_per_angstrom`` is the largest
    force on an atom at the end.
    """

    label: str
    status: Status
    kind: str = ""
    n_atoms: int | None = None
    n_evaluations: int | None = None
    force_ev_per_angstrom: float | None = None
    wall_s: float | None = None
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class Densities:
    """Densities of states of one host, for each class of O: its spins, 1/eV per atom.

    ``name`` is that of its files, ``title`` names it on the page.
    """

    name: str
    title: str
    centers: BandCenters
    energies_ev: FloatArray
    classes: Mapping[str, FloatArray]


@dataclass(frozen=True)
class Drawing:
    """A figure as files: ``name`` without its ending, SVG as text, PDF."""

    name: str
    svg: str
    pdf: bytes


@dataclass(frozen=True, eq=False)
class ChargeMesh:
    """A charge difference with its surfaces at +level and -level.

    ``gain`` and ``loss`` are triangles, angstrom, shape (n, 3, 3); the level is in e/A^3.
    """

    termination: str
    document: ChargeDifference
    level: float
    gain: FloatArray
    loss: FloatArray


def charge_mesh(
    termination: str, document: ChargeDifference, difference_per_a3: FloatArray
) -> ChargeMesh:
    """Return the surfaces of a difference, electrons per cubic angstrom on a grid (a, b, c)."""
    grid, origin, steps = view_of_interface(document, difference_per_a3, _MOST_POINTS)
    level = DEFAULT_LEVEL * float(np.abs(grid).max()) or 1.0
    gain, loss = (isosurface(sign * grid, level) @ steps + origin for sign in (1.0, -1.0))
    return ChargeMesh(termination, document, level, gain, loss)


@dataclass(frozen=True)
class PageContent:
    """All that a page shows of one study."""

    result: StudyResult
    """The result of the study, as far as it was computed."""
    plan: StudyPlan
    """What was to be computed."""
    recipe_toml: str
    """The recipe stored in the folder, as TOML."""
    state: str
    """"complete", or the progress in words."""
    calculations: Sequence[CalculationRow]
    """All planned calculations."""
    relaxed: Mapping[str, Structure] = field(default_factory=dict)
    """Relaxed structures by the key of their calculation: hosts and vacancies that are shown."""
    densities: Sequence[Densities] = ()
    meshes: Sequence[ChargeMesh] = ()
    """densities, meshes: densities of states and charge differences, if computed."""
    drawings: Mapping[str, Drawing] = field(default_factory=dict)
    """Figures as files, by the name of the section or of the chart that each is for."""
    reactions: StabilityResult | None = None
    no_reactions: str = ""
    """reactions, no_reactions: reactions of cathode, coating and others, or why those in the folder
    are not shown."""
    version: str = ""
    """Version of this package."""

    @property
    def light(self) -> tuple[str, str, str]:
        """Source of the energies: the name of its colour, a word and a sentence."""
        found = self.result.fingerprint
        kind = "potential"
        if self.result.mock:
            kind = "mock"
        elif found is None:
            kind = "none"
        elif found.pseudopotentials or found.cutoff_ev is not None:
            kind = "dft"
        return kind, *_LIGHTS[kind]
