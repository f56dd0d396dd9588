"""Batch systems: jobs in a queue, looked at and cancelled."""
