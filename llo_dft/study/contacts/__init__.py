"""Reactions of a study's crystals in contact."""
