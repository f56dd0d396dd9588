import pytest

from llo_dft.resources import load_structure


@pytest.fixture(scope="session")
def small_oxide():
    """Li2MnO3's primitive cell (12 atoms), off its minimum so that forces are not zero."""
    structure = load_structure("Li2MnO3").get_primitive_structure()
    structure.perturb(0.05)
    return structure
