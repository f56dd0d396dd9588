"""Bands, densities and potentials: centres, edges, differences, levels."""
