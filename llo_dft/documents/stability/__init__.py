"""What windows, reactions between solids and energies of cells are stored as."""
