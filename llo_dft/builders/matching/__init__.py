"""Common cells of two surfaces: every distinct lattice match within limits."""
