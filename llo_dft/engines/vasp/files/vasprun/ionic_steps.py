"""The steps of vasprun.xml: energies, and forces, stress and structure at the last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.elements import XmlPart
from llo_dft.engines.vasp.files.vasprun.header import Crystal, Header, read_crystal
from llo_dft.typing import FloatArray
from llo_dft.units import EV_PER_A3_PER_GPA

#: Rounding of energies printed to 8 decimals, after a sum of a few, eV.
_ENERGY_ROUNDING: Final = 5e-8

#: Rounding of p V, and of energies without and with what is added after the last electronic step
#: (a dispersion correction), eV.
_WORK_ROUNDING: Final = 1e-5

#: Difference above which VASP's two forms of the extrapolated energy are distinct, eV.
_OTHER_FORM: Final = 1e-7

_ENERGIES: Final = ("e_fr_energy", "e_wo_entrp", "e_0_energy")


@dataclass(frozen=True)
class Step:
    """One ionic step."""

    energy_ev: float | None
    """Energy extrapolated to no smearing, eV, without the work of an external pressure; None for a
    run without one of the ground state (GW, for example)."""
    free_energy_ev: float | None
    """Free energy as VASP writes it, eV: with PSTRESS it includes the work of that pressure."""
    electronic_ev: FloatArray
    """Free energy after each electronic step, shape (n_electronic,); NaN where it overflowed."""
    crystal: Crystal | None = None
    forces_ev_per_angstrom: FloatArray | None = None
    stress_kbar: FloatArray | None = None
    """crystal, forces_ev_per_angstrom, stress_kbar: of the last step: cell and atoms, forces, shape
    (n_atoms, 3), and stress, shape (3, 3); None if VASP wrote none, forces and stress also if
    they are not numbers."""
    movable: FloatArray | None = None
    """Shape (n_atoms, 3), 1 for a coordinate that may move, 0 else; None if all may."""

    @property
    def free_forces_ev_per_angstrom(self) -> FloatArray | None:
        """The forces without those along the lattice vectors that atoms are held along."""
        forces = self.forces_ev_per_angstrom
        if forces is None or self.movable is None:
            return forces
        cell = np.eye(3) if self.crystal is None else self.crystal.lattice_angstrom
        return forces @ np.linalg.inv(cell) * self.movable @ cell


def read_energies(part: XmlPart, header: Header) -> tuple[float | None, float | None, FloatArray]:
    """Return energy, free energy and the free energy after each electronic step, eV.

    VASP before 6 writes the extrapolated energy of the whole step one line too early, with the
    entropy in its place; the two forms are distinguished by how the three numbers are related, and
    what fits neither is corrupt. With PSTRESS the step's energies include p V, and its last
    electronic step says how far the extrapolated one lies from the free one.
    """
    electronic = [
        _triple(XmlPart(part.stream, energy, f"{part.name}, <scstep>"), overflows=True)
        for energy in part.element.iterfind("scstep/energy")
    ]
    history = np.array([triple.get("e_fr_energy", np.nan) for triple in electronic])
    written = part.find("energy")
    total = {} if written is None else _triple(written)
    if written is None and electronic:
        raise part.corrupt("no energy of the step")
    if not total:
        return None, None, history
    missing = [name for name in _ENERGIES if name not in total]
    if missing:
        raise part.corrupt(f"no {', '.join(missing)} of the step")
    smearing, pressure = header.parameters.get("ISMEAR"), header.parameters.get("PSTRESS")
    smearing = smearing if isinstance(smearing, int) else 1
    energy: float | None = _extrapolated(part, total, smearing)
    last = electronic[-1] if electronic else {}
    if all(name in last for name in _ENERGIES):
        before = _extrapolated(part, last, smearing)
        shifted = last["e_0_energy"] - last["e_fr_energy"] + total["e_fr_energy"]
        if pressure:
            energy = round(shifted - _work_ev(part, pressure), 8)
            energy = before if abs(energy - before) < _WORK_ROUNDING else energy
        elif abs(shifted - (energy or 0.0)) <= _OTHER_FORM and energy != total["e_0_energy"]:
            energy = round(shifted, 8)
    elif pressure:
        energy = None
    if not header.has_ground_state:
        energy = None
    return energy, total["e_fr_energy"], history


def _work_ev(part: XmlPart, pressure: object) -> float:
    """Return p V of a step at a pressure in kbar."""
    volume = part.element.findtext("structure/crystal/i[@name='volume']")
    kbar = part.number(str(pressure))
    return 0.1 * kbar * EV_PER_A3_PER_GPA * part.number(volume or "", "volume")


def _triple(part: XmlPart, *, overflows: bool = False) -> dict[str, float]:
    """Return the three energies, without those that may be stars and are."""
    found: dict[str, float] = {}
    for item in part.element.iterfind("i"):
        name, text = (item.get("name") or "").strip(), item.text or ""
        if name not in _ENERGIES or (overflows and "**" in text):
            continue  # their terms; in a large cell some overflow into stars
        found[name] = part.number(text, name)
    return found


def _extrapolated(part: XmlPart, energies: dict[str, float], smearing: int) -> float:
    """Return the energy without smearing, from either form."""
    free, without, zero = (energies[name] for name in _ENERGIES)
    share = 1.0 / (max(smearing, 0) + 2)
    if abs(zero - (free - share * (free - without))) <= _ENERGY_ROUNDING:
        return zero
    if abs(without - (free - share * zero)) <= _ENERGY_ROUNDING:
        return without
    low, high = sorted((free, without))
    if low - _ENERGY_ROUNDING <= zero <= high + _ENERGY_ROUNDING:
        return zero
    raise part.corrupt(
        f"the energies {free}, {without} and {zero} eV of one step contradict one another"
    )


def read_atoms(part: XmlPart, symbols: tuple[str, ...]) -> tuple[dict[str, object], list[str]]:
    """Return the fields of a ``Step`` about atoms, and the faults of forces or stress.

    Forces and stress that are NaN or stars don't invalidate the energy: VASP writes these if it
    did not compute them. They are left out and named.
    """
    fields: dict[str, object] = {}
    problems = []
    structure = part.find("structure")
    if structure is not None:
        fields["crystal"] = read_crystal(structure, symbols)
    for name, key, size in (
        ("forces", "forces_ev_per_angstrom", len(symbols)),
        ("stress", "stress_kbar", 3),
    ):
        rows = part.find(f"varray[@name='{name}']")
        if rows is None:
            continue
        try:
            values = rows.vectors()
        except VaspFileError as error:
            if error.fault != "not_a_number":
                raise
            problems.append(f"{name} left out, {error.fault.replace('_', ' ')} at {error.place}")
            continue
        if len(values) != size:
            raise part.corrupt(f"{len(values)} rows of {name} instead of {size}")
        fields[key] = values
    return fields, problems


def read_movable(structures: Iterable[XmlPart | None], n_atoms: int) -> FloatArray | None:
    """Return what may move by the first <structure> that says so, of the form of ``Step.movable``.

    VASP writes it with the initial and the final structure, and with none of the steps.
    """
    for structure in structures:
        rows = None if structure is None else structure.element.find("varray[@name='selective']")
        flags = [[mark == "T" for mark in (v.text or "").split()] for v in rows or ()]
        if flags and len(flags) == n_atoms and all(len(flag) == 3 for flag in flags):  # noqa: PLR2004
            return np.array(flags, dtype=np.float64)
    return None
