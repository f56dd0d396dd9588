"""Clusters: what a cluster file says, jobs in its queue, and Dask workers in such jobs."""
