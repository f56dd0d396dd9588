"""What VASP's calculations cost, from their sizes and one timed electronic step.

An electronic step takes, for each k-point and spin, a time between two laws: plane waves x bands
(Fourier transforms, small cells) and plane waves x bands^2 (orthogonalisation and rotation of the
orbitals, large cells; Kresse and Furthmueller, Comput. Mater. Sci. 6, 15 (1996)). Both are taken
from the step that was timed, so that what they differ by is the error of carrying it to another
cell. Timings are of one machine and one functional.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Final, Self

from llo_dft.engines.base import Cost, EngineError, InputSize
from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import STANDIN_PROBLEM, VaspFileError, is_marked
from llo_dft.engines.vasp.files.run_folder import find_in_folder
from llo_dft.engines.vasp.incar import ONE_POINT

#: Variable with a timed electronic step, as ``TimedCycle.text`` writes it.
VARIABLE: Final = "LLO_DFT_VASP_CYCLE"

#: Electronic steps of an ionic one: assumed, between NELMIN = 6 and the 24 of a hard beginning.
CYCLES: Final = 12

#: Ionic steps, and electronic ones of each, are assumed within a factor of 2, apart from another.
STEPS_FACTOR: Final = 2**2**0.5

_FOUND: Final = {
    "loop": re.compile(rb"\bLOOP:.*real time\s+(\d+\.\d+)"),
    "ranks": re.compile(rb"running(?: on)?\s+(\d+)\s+(?:mpi-ranks|total cores)"),
    "threads": re.compile(rb"(\d+)\s+threads/rank"),
    "waves": re.compile(rb"k-point\s+\d+\s*:.*plane waves:\s+(\d+)"),
    "k_points": re.compile(rb"NKPTS\s*=\s*(\d+)"),
    "bands": re.compile(rb"number of bands\s+NBANDS=\s*(\d+)"),
    "spins": re.compile(rb"^\s*ISPIN\s*=\s*(\d)"),
}


@dataclass(frozen=True)
class TimedCycle:
    """One electronic step: core-seconds, and the size of what was computed."""

    core_s: float
    n_plane_waves: float
    n_bands: int
    n_k_points: int
    n_spins: int

    @property
    def text(self) -> str:
        """Its numbers, as ``here`` reads them."""
        return ",".join(f"{value:.6g}" for value in astuple(self))

    @classmethod
    def here(cls) -> Self | None:
        """Return what the environment says; None if it says nothing.

        Raises ``EngineError`` if these are not five positive numbers.
        """
        text = os.environ.get(VARIABLE, "")
        if not text:
            return None
        try:
            core_s, waves, bands, k_points, spins = (float(word) for word in text.split(","))
        except ValueError:
            core_s = waves = bands = k_points = spins = 0.0
        if not all(0 < n < float("inf") for n in (core_s, waves, bands, k_points, spins)):
            raise EngineError(
                f"{VARIABLE} = {text!r} in the environment; expected core-seconds of an electronic "
                "step, plane waves, bands, k-points and spins, with commas between them, as "
                "'llo-dft doctor --calibrate RUN' prints it"
            )
        return cls(core_s, waves, int(bands), int(k_points), int(spins))


def timed_in(run: Path) -> tuple[TimedCycle, int]:
    """Return the median electronic step of a run's OUTCAR, and how many steps there are.

    ``run`` is its folder, or the OUTCAR, plain or compressed.

    Raises ``VaspFileError`` if there is none, a stand-in or vasp_gam wrote it, or it has no
    timings.
    """
    path = find_in_folder(run, "OUTCAR") if run.is_dir() else run
    if path is None:
        raise VaspFileError(run, "unreadable", "no OUTCAR in this folder, plain or compressed")
    found: dict[str, list[float]] = {name: [] for name in _FOUND}
    with ByteStream(path) as stream:
        for number, line in enumerate(stream.lines("OUTCAR")):
            if number < 5 and is_marked(line):  # noqa: PLR2004 (its head)
                raise VaspFileError(path, "refused", STANDIN_PROBLEM)
            if number < 5 and b"gamma-only" in line:  # noqa: PLR2004
                what = "vasp_gam computes with real numbers; expected a run of vasp_std"
                raise VaspFileError(path, "refused", what)
            for name, pattern in _FOUND.items():
                if (match := pattern.search(line)) is not None:
                    found[name].append(float(match[1]))
    missing = [name for name, values in found.items() if not values and name != "threads"]
    if missing:
        raise VaspFileError(path, "absent", f"expected VASP's {', '.join(missing)}")
    cores = found["ranks"][0] * (found["threads"] or [1.0])[0]
    sizes = (int(found[name][0]) for name in ("bands", "k_points", "spins"))
    cycle = TimedCycle(median(found["loop"]) * cores, fmean(found["waves"]), *sizes)
    return cycle, len(found["loop"])


def cost_of(sizes: Iterable[InputSize], n_steps: float, timed: TimedCycle | None) -> Cost:
    """Return what a calculation costs.

    ``sizes`` are of its stages, of which those that relax take ``n_steps`` ionic steps; ``timed``
    is an electronic step on the machine that is to compute.
    """
    work = least = most = 0.0
    for size in sizes:
        cycles = CYCLES * (1.0 if size["stage"] in ONE_POINT else n_steps)
        linear = size["n_plane_waves"] * size["n_bands"] * size["n_k_points"] * size["n_spins"]
        work += cycles * linear * size["n_bands"]
        if timed is not None:
            of_timed = timed.n_plane_waves * timed.n_bands * timed.n_k_points * timed.n_spins
            by_transforms = cycles * timed.core_s * linear / of_timed
            by_orbitals = by_transforms * size["n_bands"] / timed.n_bands
            least += min(by_transforms, by_orbitals) / STEPS_FACTOR
            most += max(by_transforms, by_orbitals) * STEPS_FACTOR
    return Cost(work, None if timed is None else (least, most))
