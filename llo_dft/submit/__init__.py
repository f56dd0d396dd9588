"""Batch systems: jobs in a queue."""
