"""Whether the energies of two calculations may be subtracted."""
