"""What is around each oxygen of a slab."""
