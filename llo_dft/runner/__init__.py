"""Executes any jobflow Flow over a concurrent.futures executor."""
