"""Oxygen vacancies in coated Li-rich layered oxide cathodes, from structure to figure."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("llo-dft")
except PackageNotFoundError:  # imported from a checkout that is not installed
    __version__ = "0+unknown"
