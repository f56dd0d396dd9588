"""Objects from plain data of any origin: only types on a list are created."""
