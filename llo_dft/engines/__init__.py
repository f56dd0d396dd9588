"""The only place that names a code or a potential."""
