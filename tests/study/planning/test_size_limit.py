"""Cells that are larger than anything here computes are refused before they are built."""

import pytest

from llo_dft.study.planning.size_limit import MOST_ATOMS, TooLargeError, check_size


def test_the_largest_cell_passes_and_one_atom_more_does_not():
    check_size(MOST_ATOMS, "the slab", "slab.tm_layers = 9")
    with pytest.raises(TooLargeError, match=r"slab.tm_layers = 9: the slab would have 3,001 atoms"):
        check_size(MOST_ATOMS + 1, "the slab", "slab.tm_layers = 9")


def test_the_memory_of_a_matrix_of_pairs_is_told():
    with pytest.raises(TooLargeError, match=r"\(800.0 GB for one matrix"):
        check_size(316_228, "the bulk", "cathode.supercell = [115, 115]")
