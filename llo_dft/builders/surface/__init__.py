"""Slabs of crystals: terminations, symmetry, in-plane lattices."""
