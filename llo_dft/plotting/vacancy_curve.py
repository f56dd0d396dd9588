"""E_f of the oxygen vacancy against lithium content: every site, and the lowest line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.study import StudyResult, VacancyResult
    from llo_dft.typing import System

_LINE: Final[dict[System, str]] = {"bare": "#1f4e79", "coated": "#b8491e"}
_CLASS_COLORS: Final = ("#2a9d8f", "#e76f51", "#8a5fbf", "#c9a227", "#6c757d")

#: Flags that begin so only say how the electrons settled; the lattice is as it was.
_ELECTRONIC: Final = ("moment",)


def is_rebuilt(vacancy: VacancyResult) -> bool:
    """Tell whether the structure check found another lattice than the one it began with."""
    return any(not flag.startswith(_ELECTRONIC) for flag in vacancy.flags)


def plot_vacancy_curve(result: StudyResult, axes: Axes) -> Axes:
    """Draw a study's formation energies; x falls from left to right, as on charging.

    Parameters
    ----------
    result
        The study.
    axes
        Where to draw.

    Returns
    -------
    The axes. Hollow points are vacancies whose lattice rebuilt itself. A host without any
    number is named below the axis.
    """
    classes = sorted({v.site_class for h in result.hosts for v in h.vacancies})
    colors = dict(zip(classes, _CLASS_COLORS * (1 + len(classes) // 5), strict=False))
    axes.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    # draws nothing, but keeps the hosts without any number inside the axes
    fractions = [host.lithium_fraction for host in result.hosts]
    axes.plot(fractions, [0.0] * len(fractions), linestyle="none")
    for system in ("bare", "coated"):
        _plot_system(result, system, colors, axes)
    _mark_turning_points(result, axes)
    for name, color in colors.items():
        axes.plot([], [], "o", color=color, label=f"O of {name}")
    axes.plot([], [], "o", color="0.4", markerfacecolor="white", label="lattice rebuilt")
    axes.set_xlabel("Lithium fraction x  (charging to the right)")
    axes.set_ylabel("Vacancy formation energy (eV per O)")
    axes.invert_xaxis()
    axes.legend(fontsize=8, facecolor="white", framealpha=1.0, edgecolor="none")
    axes.set_title(_title(result), fontsize=9, loc="left")
    return axes


def save_vacancy_curve(result: StudyResult, path: Path) -> None:
    """Write the figure of a study as PNG."""
    figure = Figure(figsize=(6.4, 4.6), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    plot_vacancy_curve(result, figure.add_subplot())
    figure.savefig(path, metadata={"Software": None})


def _plot_system(result: StudyResult, system: System, colors: dict[str, str], axes: Axes) -> None:
    line: list[tuple[float, float]] = []
    for host in (h for h in result.hosts if h.system == system):
        energies: list[float] = []
        for vacancy in host.vacancies:
            if vacancy.formation_energy_ev is None:
                continue
            energies.append(vacancy.formation_energy_ev)
            axes.plot(
                host.lithium_fraction,
                vacancy.formation_energy_ev,
                "o" if system == "bare" else "s",
                color=colors[vacancy.site_class],
                markerfacecolor="white" if is_rebuilt(vacancy) else colors[vacancy.site_class],
                zorder=3,
            )
        if energies:
            line.append((host.lithium_fraction, min(energies)))
        without = len(host.vacancies) - len(energies)
        if without:
            axes.annotate(
                f"{without} without a result",
                (host.lithium_fraction, 0.01),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=7,
                color="#a4161a",
            )
    if line:
        x, y = zip(*sorted(line), strict=True)
        axes.plot(x, y, "-", color=_LINE[system], zorder=2, label=f"lowest, {system}")


def _mark_turning_points(result: StudyResult, axes: Axes) -> None:
    for point in result.turning_points:
        if point.lithium_fraction is None:
            continue
        color = _LINE[point.system]
        if point.low is not None and point.high is not None:
            axes.axvspan(point.low, point.high, color=color, alpha=0.10, linewidth=0)
        axes.axvline(point.lithium_fraction, color=color, linestyle=":", linewidth=1.0)
        axes.annotate(
            f"x0 = {point.lithium_fraction:.2f}",
            (point.lithium_fraction, 0.97),
            xycoords=("data", "axes fraction"),
            rotation=90,
            fontsize=8,
            color=color,
            ha="right",
            va="top",
        )


def _title(result: StudyResult) -> str:
    if result.fingerprint is None:
        engine = result.engine
    else:
        version = result.fingerprint.model or result.fingerprint.engine_version
        engine = f"{result.engine} {version}"
    parts = [f"{result.composition} (001), engine {engine} ({result.protocol})"]
    if result.oxygen is not None:
        oxygen = result.oxygen
        parts.append(
            f"O2 scheme '{oxygen.scheme}', {oxygen.temperature_k:g} K, {oxygen.pressure_bar:g} bar"
        )
    if result.mock:
        parts.insert(0, "MOCK OUTPUTS - NOT A RESULT")
    return "\n".join(parts)
