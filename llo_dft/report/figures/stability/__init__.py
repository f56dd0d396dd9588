"""Figures of windows and of cells."""
