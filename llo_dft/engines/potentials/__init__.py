"""Machine-learned potentials, through atomate2's force-field maker."""
