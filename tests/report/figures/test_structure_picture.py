"""What is drawn of a structure, judged by the artists and not by pixels."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.report.figures.palette import element_color
from llo_dft.report.figures.structure_picture import plot_view, save_views


@pytest.fixture
def slab():
    lattice = Lattice.orthorhombic(4.0, 6.0, 20.0)
    return Structure(
        lattice, ["Li", "Mn", "O"], [[0.5, 0.5, 0.4], [0.25, 0.5, 0.5], [0.5, 0.25, 0.6]]
    )


def axes_of(structure, **options):
    figure = Figure()
    FigureCanvasAgg(figure)
    return plot_view(structure, figure.add_subplot(), **options)


def atoms(axes):
    (pieces,) = axes.collections
    drawn = zip(pieces.get_paths(), pieces.get_facecolors(), strict=True)
    return [(to_hex(color), middle_of(path)) for path, color in drawn if color[3] == 1.0]


def middle_of(path):
    box = path.get_extents()
    return tuple(
        round(0.5 * (low + high), 6) + 0.0 for low, high in zip(box.min, box.max, strict=True)
    )


def center_of(circle):
    return tuple(round(float(x), 6) + 0.0 for x in circle.center)


def test_each_atom_is_drawn_in_its_colour_where_it_is(slab):
    drawn = atoms(axes_of(slab, top=True))
    assert (element_color("Li"), (2.0, 3.0)) in drawn
    assert (element_color("O"), (2.0, 1.5)) in drawn
    assert len(drawn) == 3


def test_from_the_top_the_highest_atom_is_drawn_last(slab):
    assert atoms(axes_of(slab, top=True))[-1][0] == element_color("O")


def test_the_side_view_shows_the_longer_side_and_the_height(slab):
    axes = axes_of(slab, top=False)
    assert (element_color("O"), (1.5, 12.0)) in atoms(axes)
    assert axes.get_xlabel() == "y (Å)"
    assert axes.get_ylabel() == "z (Å)"


def test_an_atom_on_the_edge_is_drawn_on_both_sides(slab):
    slab.translate_sites([0], [-0.5, -0.5, 0.0])
    lithium = [
        place for color, place in atoms(axes_of(slab, top=True)) if color == element_color("Li")
    ]
    assert sorted(lithium) == [(0.0, 0.0), (0.0, 6.0), (4.0, 0.0), (4.0, 6.0)]


def test_vacancy_candidates_are_ringed_and_named_from_the_top(slab):
    axes = axes_of(slab, top=True, marked={2: "O2 3TM"})
    (ring,) = [p for p in axes.patches if isinstance(p, Circle) and not p.get_fill()]
    assert center_of(ring) == (2.0, 1.5)
    assert [text.get_text() for text in axes.texts] == ["O2 3TM"]


def test_the_file_is_a_png(slab, tmp_path):
    save_views(slab, tmp_path / "slab.png", "a slab", {2: "O2"})
    assert (tmp_path / "slab.png").read_bytes().startswith(b"\x89PNG")
