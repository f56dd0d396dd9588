"""Bulk layered oxides: composition, order of the metals, initial moments."""
