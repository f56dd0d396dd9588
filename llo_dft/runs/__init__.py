"""Finished plain runs: read, compared and analysed."""
