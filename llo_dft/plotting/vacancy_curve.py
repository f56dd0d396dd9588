"""E_f of the oxygen vacancy against lithium content: every site, and the lowest line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from llo_dft.documents.study import system_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.study import HostResult, StudyResult, VacancyResult

#: Colour of the bare slab, and of each coated one in turn.
_BARE: Final = "#1f4e79"
_COATED: Final = ("#c1440e", "#2a8f6d", "#8a5fbf", "#b8860b")

#: Marker of each class of O in turn, by name; a star is kept for O bonded to P.
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_BONDED: Final = "*"


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
    The axes. Colours are systems (bare, each coating), markers the classes of O. Hollow points
    are vacancies whose lattice rebuilt itself. A host without any number is named below the
    axis.
    """
    colors = system_colors(result)
    markers = _class_markers(result)
    axes.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    # draws nothing, but keeps the hosts without any number inside the axes
    fractions = [host.lithium_fraction for host in result.hosts]
    axes.plot(fractions, [0.0] * len(fractions), linestyle="none")
    for name, color in colors.items():
        hosts = [h for h in result.hosts if system_name(h.system, h.termination) == name]
        _plot_system(hosts, name, color, markers, axes)
    _mark_turning_points(result, colors, axes)
    for name, marker in markers.items():
        axes.plot([], [], marker, color="0.4", label=f"O of {name}")
    if any(v.environment is not None and v.environment.n_p for v in _vacancies(result)):
        axes.plot([], [], _BONDED, color="0.4", markersize=10, label="O bonded to P")
    axes.plot([], [], "o", color="0.4", markerfacecolor="white", label="lattice rebuilt")
    axes.set_xlabel("Lithium fraction x  (charging to the right)")
    axes.set_ylabel("Vacancy formation energy (eV per O)")
    axes.invert_xaxis()
    axes.legend(fontsize=8, facecolor="white", framealpha=1.0, edgecolor="none")
    axes.set_title(_title(result), fontsize=9, loc="left")
    return axes


def system_colors(result: StudyResult) -> dict[str, str]:
    """Return a colour for each system of a study, by its name for people."""
    return colors_by_name(system_name(h.system, h.termination) for h in result.hosts)


def colors_by_name(systems: Iterable[str]) -> dict[str, str]:
    """Return a colour for each system, by its name for people; the same one in every figure."""
    names = dict.fromkeys(systems)
    coated = iter(_COATED * (1 + len(names) // len(_COATED)))
    return {name: _BARE if name == "bare" else next(coated) for name in names}


def save_vacancy_curve(result: StudyResult, path: Path) -> None:
    """Write the figure of a study as PNG."""
    figure = Figure(figsize=(7.2, 5.2), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    plot_vacancy_curve(result, figure.add_subplot())
    figure.savefig(path, metadata={"Software": None})


def _vacancies(result: StudyResult) -> list[VacancyResult]:
    return [vacancy for host in result.hosts for vacancy in host.vacancies]


def _class_markers(result: StudyResult) -> dict[str, str]:
    drawn = [v for v in _vacancies(result) if v.formation_energy_ev is not None]
    classes = sorted({vacancy.site_class for vacancy in drawn})
    return dict(zip(classes, _MARKERS * (1 + len(classes) // len(_MARKERS)), strict=False))


def _plot_system(
    hosts: list[HostResult], name: str, color: str, markers: dict[str, str], axes: Axes
) -> None:
    line: list[tuple[float, float]] = []
    for host in hosts:
        energies: list[float] = []
        for vacancy in host.vacancies:
            if vacancy.formation_energy_ev is None:
                continue
            energies.append(vacancy.formation_energy_ev)
            bonded = vacancy.environment is not None and vacancy.environment.n_p > 0
            axes.plot(
                host.lithium_fraction,
                vacancy.formation_energy_ev,
                _BONDED if bonded else markers[vacancy.site_class],
                color=color,
                markersize=10 if bonded else 6,
                markerfacecolor="white" if vacancy.rebuilt else color,
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
        axes.plot(x, y, "-", color=color, zorder=2, label=f"lowest, {name}")


def _mark_turning_points(result: StudyResult, colors: dict[str, str], axes: Axes) -> None:
    for point in result.turning_points:
        if point.lithium_fraction is None:
            continue
        color = colors[system_name(point.system, point.termination)]
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
