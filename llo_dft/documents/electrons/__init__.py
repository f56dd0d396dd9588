"""Electronic results: densities of states and of charge, band centres, potentials."""
