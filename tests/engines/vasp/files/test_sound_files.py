"""Sound files of every size and kind: none is refused, and its numbers are those written."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, read_vasprun
from llo_dft.testing.vasprun_writer import L_FIELDS, LM_FIELDS, Run, text

if TYPE_CHECKING:
    from pathlib import Path

ELEMENTS = ("Li", "Mn", "O", "P")


def sound_run(source: random.Random, *, largest: int) -> Run:
    """A run of 1 to ``largest`` atoms, with peaks up to 5,000 states/eV."""
    n_atoms = round(largest ** source.random())
    counts = [source.randrange(1, n_atoms + 1) for _ in ELEMENTS]
    symbols = tuple(s for s, n in zip(ELEMENTS, counts, strict=True) for _ in range(n))[:n_atoms]
    spins = source.choice((1, 2))
    length = 2.2 * n_atoms ** (1 / 3) + 1.0
    skew = np.array([[source.uniform(-0.2, 0.2) for _ in range(3)] for _ in range(3)])
    smearing = source.choice((0, -1, 1))
    settings: dict[str, tuple[str, str]] = {}
    if spins == 2 and source.random() < 0.3:
        settings["NUPDOWN"] = ("", f"{source.randrange(4):16.8f}")
    if spins == 1 and source.random() < 0.3:
        settings |= {"LNONCOLLINEAR": ("logical", " T  "), "LSORBIT": ("logical", " T  ")}
    return Run(
        symbols=symbols,
        lattice=(length * (np.eye(3) + skew)).round(8),
        spins=spins,
        fields=source.choice((L_FIELDS, LM_FIELDS, None)) if n_atoms < 40 else None,
        n_energies=round(10 * 500 ** source.random()),
        energy_range=source.choice(((-8.0, 6.0), (-20.0, 10.0), (-3.0, 1.0), (-55.5, 81.3))),
        sigma=source.choice((0.002, 0.02, 0.1, 0.3)),
        smearing=smearing,
        fermi=source.choice((1.03125, -9.5, 2.0)),
        settings=settings,
        energies=tuple(-1.5 * n_atoms - 0.1 * n for n in range(source.choice((1, 1, 3)))),
        old_energies=smearing < 1 and source.random() < 0.3,
        seed=source.randrange(1 << 30),
        n_kpoints=source.choice((1, 2, 5)),
    )


def check_sound(source: random.Random, path: Path, *, largest: int) -> float:
    """Write and read a file; return its highest density, states/eV."""
    run = sound_run(source, largest=largest)
    lines = text(run)
    if source.random() < 0.2:
        lines = lines.replace("\n", "\r\n")
    path.write_bytes(lines.encode("latin-1"))
    request = ProjectionRequest("p", element=run.symbols[-1]) if run.fields else None
    own = read_vasprun(path, eigenvalues=True, dos=True, projection=request)
    density, integral = run.total()
    np.testing.assert_allclose(own.total_dos.density, density, atol=1e-9)
    np.testing.assert_allclose(own.total_dos.integrated, integral, atol=1e-9)
    np.testing.assert_allclose(own.eigenvalues.energies_ev, run.bands()[..., 0], atol=1e-9)
    assert own.steps[-1].energy_ev == pytest.approx(run.energies[-1] - run.entropy / 2, abs=1e-7)
    if own.projected_dos is not None:
        p_columns = [i for i, name in enumerate(run.fields) if "p" in name]
        expected = run.partial()[list(own.projected_dos.sites)][:, :, p_columns].sum(axis=2)
        np.testing.assert_allclose(own.projected_dos.density, expected, atol=1e-9)
    assert (own.fermi_ev is None) == bool(own.fermi_problem)
    return float(density.max())


def test_sound_files_are_read(tmp_path):
    source = random.Random(11)  # noqa: S311 (sizes, not secrets)
    for _ in range(40):
        check_sound(source, tmp_path / "vasprun.xml", largest=30)


def test_a_tall_density_on_few_points_is_read(tmp_path):
    """300 atoms, 301 and 10 points: the rounded step times the density is off by many digits."""
    source = random.Random(3)  # noqa: S311 (sizes, not secrets)
    for n_energies, sigma in ((301, 0.01), (10, 0.3), (5000, 0.0005)):
        symbols = ("O",) * 300
        run = Run(symbols, lattice=np.eye(3) * 15, spins=1, fields=None, n_energies=n_energies)
        run.sigma = sigma
        run.levels = [(source.uniform(-5, -4.9), 0, 0, 0) for _ in range(900)]
        path = tmp_path / "vasprun.xml"
        path.write_text(text(run), encoding="latin-1")
        density = read_vasprun(path, dos=True).total_dos.density
        np.testing.assert_allclose(density, run.total()[0], atol=1e-9)
        assert density.max() > 1000 or n_energies == 10


@pytest.mark.slow
def test_two_thousand_sound_files_are_read(tmp_path):
    source = random.Random(2026)  # noqa: S311 (sizes, not secrets)
    highest = [
        check_sound(source, tmp_path / "vasprun.xml", largest=300 if n % 20 == 0 else 40)
        for n in range(2000)
    ]
    assert max(highest) > 1000
