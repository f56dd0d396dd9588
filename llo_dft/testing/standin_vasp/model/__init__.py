"""What takes the place of quantum mechanics: a pair potential, and levels of atoms."""
