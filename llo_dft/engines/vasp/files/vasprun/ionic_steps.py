"""The steps of vasprun.xml: energies, and the forces, stress and structure at the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.elements import as_float, child, refuse_near_miss, vectors
from llo_dft.engines.vasp.files.vasprun.header import Crystal, read_crystal

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from llo_dft.engines.vasp.files.vasprun.stream import ByteStream
    from llo_dft.typing import FloatArray

#: Rounding of energies printed to 8 decimals, after a sum of a few, eV.
_ENERGY_ROUNDING: Final = 5e-8

#: Part of the free energy, beside 1 eV, that smearing contributes at most.
_LARGEST_ENTROPY: Final = 0.1

#: From where on VASP's two forms of the energy extrapolated to no smearing differ, eV.
_OTHER_FORM: Final = 1e-7

_ENERGIES: Final = ("e_fr_energy", "e_wo_entrp", "e_0_energy")


@dataclass(frozen=True)
class Step:
    """One ionic step.

    Attributes
    ----------
    energy_ev
        Energy extrapolated to no smearing, eV; None for a run without one (GW, for example).
    free_energy_ev
        Free energy, whose derivatives the forces are, eV.
    electronic_ev
        Free energy after each electronic step, shape (n_electronic,).
    crystal
        Cell and atoms; None if VASP wrote none, or it was not asked for.
    forces_ev_per_angstrom
        Shape (n_atoms, 3); None likewise, or if they are not numbers.
    stress_kbar
        Shape (3, 3), likewise.
    """

    energy_ev: float | None
    free_energy_ev: float | None
    electronic_ev: FloatArray
    crystal: Crystal | None = None
    forces_ev_per_angstrom: FloatArray | None = None
    stress_kbar: FloatArray | None = None
    movable: FloatArray | None = None


def read_energies(
    stream: ByteStream, element: ET.Element, smearing: int, where: str
) -> tuple[float | None, float | None, FloatArray]:
    """Return energy, free energy and the free energy after each electronic step, eV.

    VASP before 6 writes the extrapolated energy of the whole step one line too early, with
    the entropy in its place; the two forms are told apart by how the three numbers hang
    together, and what fits neither is corrupt.
    """
    electronic = [
        _triple(stream, energy, f"{where}, <scstep>")
        for energy in element.iterfind("scstep/energy")
    ]
    history = np.array([triple["e_fr_energy"] for triple in electronic if triple])
    found = element.findall("energy")
    if len(found) != 1:
        if found or electronic:
            what = f"{len(found)} energies of the step instead of one"
            raise stream.error("corrupt", what, where)
        return None, None, history
    total = _triple(stream, found[0], where)
    if not total:
        return None, None, history
    missing = [name for name in _ENERGIES if name not in total]
    if missing:
        raise stream.error("corrupt", f"no {', '.join(missing)} of the step", where)
    energy = _extrapolated(stream, total, smearing, where)
    last = electronic[-1] if electronic else {}
    if all(name in last for name in _ENERGIES):
        _extrapolated(stream, last, smearing, f"{where}, last <scstep>")
        shifted = last["e_0_energy"] - last["e_fr_energy"] + total["e_fr_energy"]
        if abs(shifted - energy) <= _OTHER_FORM and energy != total["e_0_energy"]:
            energy = round(shifted, 8)
    return energy, total["e_fr_energy"], history


def _triple(stream: ByteStream, element: ET.Element, where: str) -> dict[str, float]:
    found: dict[str, float] = {}
    decimals: set[int] = set()
    for item in element.iterfind("i"):
        name = (item.get("name") or "").strip()
        if name not in _ENERGIES:
            continue  # the parts that they are made of; in a large cell some overflow into stars
        if name in found:
            raise stream.error("corrupt", f"{name} twice", where)
        found[name] = as_float(stream, item.text or "", f"{where}, {name}")
        decimals.add(len((item.text or "").strip().partition(".")[2]))
    if len(decimals) > 1:
        raise stream.error("corrupt", "energies with different numbers of decimals", where)
    if "e_fr_energy" not in found and element.find("i") is not None:
        raise stream.error("corrupt", "no e_fr_energy among the energies", where)
    return found


def _extrapolated(
    stream: ByteStream, energies: dict[str, float], smearing: int, where: str
) -> float:
    """Return the energy without smearing, whichever way the three are written."""
    free, without, zero = (energies[name] for name in _ENERGIES)
    share = 1.0 / (max(smearing, 0) + 2)
    if abs(zero - (free - share * (free - without))) <= _ENERGY_ROUNDING:
        return zero
    if abs(without - (free - share * zero)) <= _ENERGY_ROUNDING:
        return without
    low, high = sorted((free, without))
    near = high - low <= _LARGEST_ENTROPY * abs(free) + 1.0
    if near and low - _ENERGY_ROUNDING <= zero <= high + _ENERGY_ROUNDING:
        return zero
    raise stream.error(
        "corrupt",
        f"the energies {free}, {without} and {zero} eV of one step contradict one another",
        where,
    )


def read_atoms(
    stream: ByteStream, element: ET.Element, symbols: tuple[str, ...], where: str
) -> tuple[dict[str, object], list[str]]:
    """Return the fields of a ``Step`` about atoms, and what was wrong with forces or stress.

    Forces and stress that are NaN or stars don't make the energy worthless: VASP writes such
    where it did not compute them. They are left out and named.
    """
    fields: dict[str, object] = {}
    problems = []
    structure = element.findall("structure")
    if len(structure) > 1:
        raise stream.error("corrupt", f"{len(structure)} structures in one step", where)
    if structure:
        fields["crystal"] = read_crystal(stream, structure[0], symbols, where)
        selective = structure[0].find("varray[@name='selective']")
        if selective is not None:
            flags = [[mark == "T" for mark in (v.text or "").split()] for v in selective]
            if len(flags) == len(symbols) and all(len(flag) == 3 for flag in flags):  # noqa: PLR2004
                fields["movable"] = np.array(flags, dtype=np.float64)
    sizes = {"forces": len(symbols), "stress": 3}
    written = [str(varray.get("name")) for varray in element.iterfind("varray")]
    for name, key in (("forces", "forces_ev_per_angstrom"), ("stress", "stress_kbar")):
        if name not in written:
            refuse_near_miss(stream, name, written, where)
            continue
        try:
            values = vectors(
                stream, child(stream, element, f"varray[@name='{name}']", where), 3, where
            )
        except VaspFileError as error:
            if error.fault != "not_a_number":
                raise
            problems.append(f"{name} left out, {error.fault.replace('_', ' ')} at {error.place}")
            continue
        if len(values) != sizes[name]:
            what = f"{len(values)} rows of {name} instead of {sizes[name]}"
            raise stream.error("corrupt", what, where)
        fields[key] = values
    return fields, problems
