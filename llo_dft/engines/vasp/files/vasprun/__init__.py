"""vasprun.xml in one pass, without building its tree."""
