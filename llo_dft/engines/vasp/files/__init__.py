"""VASP's output files, read strictly and with bounded memory."""
