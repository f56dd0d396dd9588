"""What the crystals of a study react to in contact."""
