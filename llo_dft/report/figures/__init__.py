"""Figures of documents on matplotlib axes; nothing is computed here."""
