"""Energies of phases, from one source each: a file of entries, VASP runs, an engine."""
