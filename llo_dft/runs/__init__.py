"""Finished runs that no study made: read, compared and analysed."""
