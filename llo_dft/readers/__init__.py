"""Readers of finished calculations."""
