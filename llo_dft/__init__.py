"""Oxygen vacancies in coated Li-rich layered oxide cathodes, from structure to figure."""

__version__ = "0.1.0"
