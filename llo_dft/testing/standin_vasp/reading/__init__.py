"""The inputs of a run, read as VASP reads them."""
