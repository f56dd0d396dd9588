"""What is missing before a study can run: here, on a cluster, in a project."""
