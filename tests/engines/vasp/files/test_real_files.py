"""Real VASP files, read here and by pymatgen: the same to 1e-10.

Point LLO_DFT_VASP_FILES at a folder of them, for example the test-files/ of a clone of
materialsproject/pymatgen-core (MIT). What either reader refuses is counted, not compared; which
refusals are right is told in the tests of each reader.
"""

from __future__ import annotations

import gzip
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from pymatgen.io.vasp.outputs import Chgcar, Locpot, Outcar
from pymatgen.io.vasp.outputs import Vasprun as PymatgenVasprun

from llo_dft.engines.vasp.files.grids.read_grids import read_density_difference, read_potential
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.vasprun.read_vasprun import (
    ProjectionRequest,
    VaspFileError,
    read_vasprun,
)

FOLDER = os.environ.get("LLO_DFT_VASP_FILES", "")
EXACT = 1e-10

pytestmark = pytest.mark.skipif(not FOLDER, reason="LLO_DFT_VASP_FILES names no folder")


def files(name: str) -> list[Path]:
    found = sorted(path for path in Path(FOLDER).rglob("*") if re.search(name, path.name))
    assert found
    return [path for path in found if path.is_file() and path.stat().st_size > 500]


def by_peer(read):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except Exception:  # noqa: BLE001 (a peer that can't read a file is not compared)
            return None


def same(own, peer) -> bool:
    return np.shape(own) == np.shape(peer) and bool(np.allclose(own, peer, atol=EXACT, rtol=EXACT))


def differences_of_vasprun(path: Path) -> list[str] | None:
    """Names of what differs; None where either reader refuses."""
    peer = by_peer(lambda: PymatgenVasprun(str(path), parse_potcar_file=False))
    try:
        own = read_vasprun(path, eigenvalues=True)
    except VaspFileError:
        return None
    if peer is None:
        return None
    found = {
        "energy": own.steps[-1].energy_ev is None
        or same(own.steps[-1].energy_ev, float(peer.final_energy)),
        "symbols": list(own.final.symbols) == peer.atomic_symbols,
        "cell": same(own.final.lattice_angstrom, peer.final_structure.lattice.matrix),
        "places": same(own.final.fractional % 1, peer.final_structure.frac_coords % 1),
        "steps": len(own.steps) == max(1, len(peer.ionic_steps)),  # BSE has none
    }
    forces = own.steps[-1].forces_ev_per_angstrom
    if forces is not None and "forces" in peer.ionic_steps[-1]:
        found["forces"] = same(forces, peer.ionic_steps[-1]["forces"])
    if own.eigenvalues is not None and peer.eigenvalues:
        spins = sorted(peer.eigenvalues, key=int, reverse=True)
        table = np.array([peer.eigenvalues[spin] for spin in spins])
        found["bands"] = same(own.eigenvalues.energies_ev, table[..., 0])
        if n_tables(path) == 1:  # of two, pymatgen takes the copy beside the projections
            found["occupations"] = same(own.eigenvalues.occupations, table[..., 1])
    found |= densities(path, peer)
    return [name for name, good in found.items() if not good]


def n_tables(path: Path) -> int:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        return sum(b"<eigenvalues>" in line for line in file)


def densities(path: Path, peer: PymatgenVasprun) -> dict[str, bool]:
    if getattr(peer, "dos_has_errors", True) or not hasattr(peer, "tdos"):
        return {}
    spins = sorted(peer.tdos.densities, key=int, reverse=True)
    found = {}
    try:
        own = read_vasprun(path, dos=True)
        total = own.total_dos
        found["dos"] = same(total.density, [peer.tdos.densities[spin] for spin in spins])
        found["dos energies"] = same(total.energies_ev, peer.tdos.energies)
        found["fermi"] = total.fermi_ev == peer.efermi
        if peer.pdos:
            own = read_vasprun(path, projection=ProjectionRequest("p"))
            columns = [d for orbital, d in peer.pdos[0].items() if orbital.name[0] == "p"]
            sums = [sum(column[spin] for column in columns) for spin in spins]
            found["projections"] = same(own.projected_dos.density[0], sums)
    except VaspFileError:
        return found
    return found


def test_vasprun_files():
    # in a run of chemical shifts pymatgen takes each perturbation for an ionic step
    paths = [path for path in files(r"^vasprun.*\.xml") if "chemical_shift" not in path.name]
    compared = {path: differences_of_vasprun(path) for path in paths}
    wrong = {str(path): names for path, names in compared.items() if names}
    n_compared = sum(names is not None for names in compared.values())
    assert wrong == {}
    assert n_compared > 0


def test_grid_files():
    n_compared = 0
    for path in files(r"^(CHGCAR|AECCAR|LOCPOT|PARCHG)"):
        potential = path.name.startswith("LOCPOT")
        peer = by_peer(lambda p=path: (Locpot if "LOCPOT" in p.name else Chgcar).from_file(str(p)))
        try:
            own = read_potential(path) if potential else read_density_difference(path)
        except VaspFileError:
            continue
        if peer is None:
            continue
        n_compared += 1
        if potential:
            mean = np.mean([peer.data[key] for key in peer.data], axis=0)
            header = own.header
            assert same(own.potential_ev, peer.data["total"] if own.n_grids != 2 else mean), path
        else:
            (header,) = own.headers
            volume = header.volume_a3
            assert np.allclose(own.difference_per_a3 * volume, peer.data["total"], rtol=EXACT), path
        assert same(header.lattice_angstrom, peer.structure.lattice.matrix), path
    assert n_compared > 0


def test_outcar_files():
    n_compared = 0
    for path in files(r"^OUTCAR"):
        peer = by_peer(lambda p=path: Outcar(str(p)))
        try:
            own = read_outcar(path)
        except VaspFileError:
            continue
        if peer is None:
            continue
        n_compared += 1
        moments = [atom["tot"] for atom in peer.magnetization]
        if moments and isinstance(moments[0], float):
            assert same(own.moments_mu_b, moments), path
        else:
            assert own.moments_mu_b is None, path  # none, or not along one axis
        assert own.wall_s == peer.run_stats.get("Elapsed time (sec)"), path
    assert n_compared > 0
