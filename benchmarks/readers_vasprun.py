"""O 2p band centres out of a 272 MB vasprun.xml: llo_dft and pymatgen, each in its own process.

    python benchmarks/readers_vasprun.py [--repeat N] [--atoms 200] [--energies 3001]

The file is made up in VASP's layout, in a temporary folder: 200 atoms, half of them O,
spin-polarised, NEDOS 3001, densities projected on s to f with m, and eigenvalues. CPU seconds
and peak memory are those of the whole process, imports counted, as the operating system
accounts them; "work" is the CPU time of reading and integrating alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TOLERANCE = 1e-10

OWN = """
import json, sys, time
from llo_dft.analysis.electronic.band_center import window_moments
from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, read_vasprun
start = time.process_time()
run = read_vasprun(sys.argv[1], projection=ProjectionRequest("p", element="O"))
dos, projected = run.total_dos, run.projected_dos
energies = dos.energies_ev - dos.fermi_ev
centers = [window_moments(energies, site.sum(axis=0)).center_ev for site in projected.density]
work = time.process_time() - start
print(json.dumps({"centers": centers, "work": work}))
"""

PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from pymatgen.io.vasp.outputs import Vasprun
start = time.process_time()
run = Vasprun(sys.argv[1], parse_eigen=False, parse_potcar_file=False)
energies = run.tdos.energies - run.tdos.efermi
centers = []
for symbol, orbitals in zip(run.atomic_symbols, run.pdos):
    if symbol == "O":
        p = [by_spin for orbital, by_spin in orbitals.items() if orbital.name[0] == "p"]
        g = sum(values for by_spin in p for values in by_spin.values())
        centers.append(np.trapezoid(g * energies, energies) / np.trapezoid(g, energies))
work = time.process_time() - start
print(json.dumps({"centers": centers, "work": work}))
"""


def build(path: Path, n_atoms: int, n_energies: int) -> None:
    """Write the file; the densities are those of a few atoms, over and over."""
    from llo_dft.testing.vasprun_writer import (  # noqa: PLC0415
        LMF_FIELDS,
        Run,
        partial_atom,
        partial_head,
        rows,
        text,
    )

    quarter = n_atoms // 4
    symbols = ("Li",) * quarter + ("Mn",) * quarter + ("O",) * (n_atoms - 2 * quarter)
    whole = Run(
        symbols=symbols,
        lattice=np.diag([20.0, 21.0, 22.0]),
        fields=None,
        n_energies=n_energies,
        energy_range=(-20.0, 10.0),
        n_kpoints=228,
    )
    few = Run(fields=LMF_FIELDS, n_energies=n_energies, energy_range=(-20.0, 10.0))
    blocks = [
        [rows(np.vstack([few.grid, columns]), "        ") for columns in spins]
        for spins in few.partial()
    ]
    head, tail = text(whole).split("  </dos>\n")
    with path.open("w", encoding="ascii") as file:
        file.write(head + partial_head(LMF_FIELDS))
        for atom in range(n_atoms):
            file.write(partial_atom(atom + 1, blocks[atom % len(blocks)]))
        file.write("     </set>\n    </array>\n   </partial>\n  </dos>\n" + tail)


def measure(program: str, path: Path) -> dict[str, float | list[float]]:
    """Run one side in a process of its own; return CPU seconds, MB and what it found."""
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 (we asked for it)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit("a side failed; its message is above")
    found = json.loads(output)
    found["cpu"] = usage.ru_utime + usage.ru_stime
    found["megabytes"] = usage.ru_maxrss / 1024
    return found


def main() -> None:
    """Build the file, measure both sides in turns, and print medians and ratios."""
    if sys.argv[1:2] == ["--build"]:
        build(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="runs of each side")
    parser.add_argument("--atoms", type=int, default=200)
    parser.add_argument("--energies", type=int, default=3001)
    options = parser.parse_args()
    sides: dict[str, list[dict[str, float | list[float]]]] = {"llo_dft": [], "pymatgen": []}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vasprun.xml"
        # in another process: Linux counts the peak of a parent as its child's as well
        sizes = [str(options.atoms), str(options.energies)]
        subprocess.run([sys.executable, __file__, "--build", str(path), *sizes], check=True)
        size = path.stat().st_size / 1e6
        for _ in range(options.repeat):
            for side, program in zip(sides, (OWN, PEER), strict=True):
                sides[side].append(measure(program, path))
    print(f"O 2p centres of {options.atoms // 2} atoms, vasprun.xml of {size:.0f} MB")
    own, peer = (np.array(runs[0]["centers"]) for runs in sides.values())
    for key, unit in (
        ("cpu", "CPU s, whole process"),
        ("work", "CPU s, work"),
        ("megabytes", "MB"),
    ):
        values = [statistics.median(run[key] for run in runs) for runs in sides.values()]
        ratio = values[1] / values[0]
        print(
            f"    {unit:22} llo_dft {values[0]:8.2f}  pymatgen {values[1]:8.2f}  ratio {ratio:.1f}"
        )
    largest = float(np.abs(own - peer).max())
    print(f"    largest difference of a centre {largest:.1e} eV")
    if not largest <= TOLERANCE:
        raise SystemExit(f"the results differ by more than {TOLERANCE:g} eV")


if __name__ == "__main__":
    main()
