"""The surroundings of each oxygen of a slab."""
