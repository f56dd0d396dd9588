"""What electrons do: densities of states and of charge, band centres, potentials."""
