"""vaspout.h5 of VASP 6."""
