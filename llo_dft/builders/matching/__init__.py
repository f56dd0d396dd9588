"""Common cells of two surfaces: every lattice match within limits, each once."""
