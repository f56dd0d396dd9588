"""Mock outputs for tests: a stand-in for VASP, made-up runs, and an engine worked out by hand."""
