"""Documents of windows, reactions between solids and energies of cells."""
