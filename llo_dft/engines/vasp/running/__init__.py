"""Running VASP under custodian: its stages, what is repaired, and where to resume."""
