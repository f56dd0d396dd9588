"""Objects from plain data that anybody may have written: only those on a list are made."""
