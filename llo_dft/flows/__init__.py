"""Makers that compose jobs; they are given an engine's makers and import none."""
