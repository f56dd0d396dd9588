"""Grid files: CHGCAR, LOCPOT and their kin, read and written."""
