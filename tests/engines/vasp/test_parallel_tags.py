import pytest

from llo_dft.engines.vasp.parallel_tags import parallel_tags


@pytest.mark.parametrize(
    ("n_ranks", "n_bands", "n_k_points", "expected"),
    [
        (0, 600, 4, {}),  # not known
        (1, 600, 4, {}),
        (8, 600, 1, {}),  # up to 8 each rank has its own orbitals
        (16, 600, 1, {"NCORE": 4}),
        (48, 600, 1, {"NCORE": 6}),  # 6.93: 6 is nearer than 8
        (128, 600, 1, {"NCORE": 8}),  # 11.3: 8 is nearer than 16
        (4, 600, 2, {"KPAR": 2}),
        (128, 600, 2, {"NCORE": 8, "KPAR": 2}),  # groups of 64
        (36, 600, 4, {"NCORE": 3, "KPAR": 4}),  # groups of 9
        (24, 600, 5, {"NCORE": 4}),  # 5 divides no 24
        (12, 600, 18, {"KPAR": 6}),  # 12 divides no 18
        (64, 4, 1, {"NCORE": 16}),  # 8 groups would be more than there are bands
    ],
)
def test_k_points_first_then_the_square_root_of_the_ranks_that_are_left(
    n_ranks, n_bands, n_k_points, expected
):
    assert parallel_tags(n_ranks, n_bands, n_k_points) == expected
