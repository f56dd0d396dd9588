"""Dask workers in jobs of a batch system, and the driver that feeds them."""
