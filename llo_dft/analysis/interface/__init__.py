"""Relaxed interfaces: bonds and energies."""
