"""The outputs of a run, in VASP's layout."""
