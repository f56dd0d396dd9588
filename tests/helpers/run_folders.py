"""Folders of one plain VASP run, with what only an OUTCAR holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.testing.vasprun_writer import Run, text

if TYPE_CHECKING:
    from pathlib import Path

OUTCAR = """\
 magnetization (x)

# of ion       s       p       d       tot
------------------------------------------
{rows}
--------------------------------------------------
tot          0.000   0.000   0.000   {total:.3f}

 vacuum level on the upper side and lower side of the slab         5.250         5.250
 the core state eigenenergies are
{core}

                         Elapsed time (sec):      123.456
"""


def run_folder(parent: Path, name: str, run: Run, outcar: str = "") -> Path:
    """Write vasprun.xml, and an OUTCAR if there is a text for it."""
    path = parent / name
    path.mkdir()
    (path / "vasprun.xml").write_text(text(run), encoding="latin-1")
    if outcar:
        (path / "OUTCAR").write_text(outcar)
    return path


def outcar_of(n_atoms: int) -> str:
    """An OUTCAR with a moment and core levels for each atom."""
    rows = "\n".join(
        f"{n:5d}        0.001   0.002   {n / 10:5.3f}   {n / 10 + 0.003:5.3f}"
        for n in range(1, n_atoms + 1)
    )
    core = "\n".join(
        f"{n:5d}-  1s {-510 - n:10.4f}  2s {-20.5:10.4f}" for n in range(1, n_atoms + 1)
    )
    total = sum(n / 10 + 0.003 for n in range(1, n_atoms + 1))
    return OUTCAR.format(rows=rows, core=core, total=total)


def outcar_with(moments: list[float]) -> str:
    """An OUTCAR with these moments, all of them d, and no core levels."""
    rows = "\n".join(
        f"{n:5d}        0.000   0.000   {moment:5.3f}   {moment:5.3f}"
        for n, moment in enumerate(moments, start=1)
    )
    return OUTCAR.format(rows=rows, core="", total=sum(moments))
