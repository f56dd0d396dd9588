"""VASP through atomate2 and custodian: settings, inputs, running and reading."""
