"""Elements, their charges and bonds: the floor that every builder and analysis stands on."""
