"""Electronic structure from finished calculations: edges, band centres, oxidation, summaries."""

from typing import Literal, TypeAlias

from pydantic import Field

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.document import Document
from llo_dft.documents.electrons.window_center import WindowCenter
from llo_dft.typing import System

#: Zero of the energies. E_F floats within a gap, so the VBM is the default.
ReferenceLevel: TypeAlias = Literal["vbm", "fermi", "vacuum", "core"]

#: The window that a band centre is taken over.
Window: TypeAlias = Literal["valence", "full", "fixed"]


class BandEdges(Document):
    """Band edges on VASP's own zero of energy."""

    vbm_ev: float = Field(description="Highest occupied state; E_F in a metal")
    cbm_ev: float | None = Field(description="Lowest empty state; E_F in a metal; None: no empty")
    gap_ev: float | None = Field(description="0 in a metal; None if there are no empty bands")
    fermi_ev: float | None
    is_metal: bool
    spin_gaps_ev: list[float | None] = Field(description="The gap of each spin separately")
    valence_bottom_ev: float | None = Field(
        None, description="Middle of the gap below the valence band; None: no such gap"
    )
    valence_tops_ev: list[float | None] = Field(
        description="Up to where states of each spin count as occupied: the middle of the gap, "
        "so that neither E_F's place in it nor smearing matters, or E_F; None: nothing is above"
    )
    note: str = Field("", description="How the edges were found, where that needs a note")


class WindowCenters(Document):
    """Band centres in the three windows."""

    valence: WindowCenter
    full: WindowCenter
    fixed: WindowCenter


class SpinCenters(Document):
    """Both spins together, and each spin of a spin-polarised run."""

    both: WindowCenters
    up: WindowCenters | None = None
    down: WindowCenters | None = None


class ClassCenters(Document):
    """Band centres of all atoms of one environment class."""

    n_sites: int
    centers: SpinCenters


class SiteCenters(Document):
    """Band centres of one atom."""

    site: int = Field(description="Index of the atom, from 0")
    site_class: str
    centers: SpinCenters


class BandCenters(Document):
    """Band centres of an orbital on atoms, counted from one reference level."""

    label: str
    element: str
    orbital: str
    reference: ReferenceLevel
    reference_ev: float = Field(description="The reference on VASP's own zero")
    references_ev: dict[ReferenceLevel, float] = Field(
        description="All known, on VASP's own zero: to convert by their differences"
    )
    windows_ev: dict[Window, tuple[float, float]] = Field(description="Relative to the reference")
    edges: BandEdges
    total: SpinCenters
    classes: dict[str, ClassCenters]
    sites: list[SiteCenters]
    fingerprint: Fingerprint | None = Field(None, description="Settings of the run")
    problems: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    mock: bool = Field(
        default=False, description="The files are from a mock VASP: no number is a result"
    )


class AtomOxidation(Document):
    """The formal oxidation state of one atom."""

    site: int = Field(description="Index of the atom, from 0")
    element: str
    moment_mu_b: float = Field(description="Moment within its sphere, Bohr magnetons")
    state: float | None = Field(description="Formal charge, e; half in superoxo; None: unknown")
    reason: str = Field(description="How the state was assigned, or why it was not")


class OxidationStates(Document):
    """Formal oxidation states of all atoms, and whether they add up to the cell's charge."""

    atoms: list[AtomOxidation]
    counts: dict[str, int] = Field(description="Atoms by state: 'Mn4+', 'O-', and 'Ni?' unknown")
    assigned_charge_e: float = Field(description="Sum of the assigned states, e")
    cell_charge_e: float = Field(description="Charge of the cell, e: 0 unless NELECT says so")
    n_unassigned: int = Field(description="Atoms without an assigned state")
    balanced: bool | None = Field(
        description="Whether the states add up to the cell's charge; None if some are not assigned"
    )
    note: str = Field(description="The balance in words")


class ConvergenceRecord(Document):
    """Whether a run converged, and on what grounds."""

    electronic: bool
    ionic: bool
    electronic_reason: str
    ionic_reason: str


class Moments(Document):
    """Magnetic moments, Bohr magnetons."""

    total_mu_b: float | None = Field(None, description="Spin up minus down, from the occupations")
    sites_mu_b: list[float] | None = Field(
        None, description="Within the atoms' spheres, from OUTCAR or vaspout.h5"
    )


class CalculationSummary(Document):
    """Summary of a finished calculation. Numbers of a failed or unconverged run are None."""

    path: str
    formula: str | None = None
    n_atoms: int | None = None
    n_ionic_steps: int | None = None
    energy_ev: float | None = Field(
        None, description="Without smearing; None unless electrons and ions converged"
    )
    converged: ConvergenceRecord | None = None
    fingerprint: Fingerprint | None = None
    moments: Moments | None = None
    oxidation_states: OxidationStates | None = Field(
        None, description="From the moments; None where the atoms have none"
    )
    fermi_ev: float | None = None
    gap_ev: float | None = None
    band_edges: BandEdges | None = None
    max_force_ev_per_angstrom: float | None = None
    wall_s: float | None = Field(None, description="From OUTCAR, where there is one")
    problems: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    mock: bool = Field(
        default=False, description="The files are from a mock VASP: no number is a result"
    )


class BandCenterResult(Document):
    """O 2p band centres of one host, by class of O."""

    system: System
    termination: str | None = None
    lithium_fraction: float
    centers: BandCenters | None
    figure: str | None = Field(None, description="Figure file, beside results.json")
    reason: str | None = Field(None, description="Why there are no band centres")
    calculation: str | None = Field(None, description="Key of the static calculation")
