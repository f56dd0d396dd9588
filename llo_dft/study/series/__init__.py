"""Several studies that belong together: one in several cells, or under several coatings."""
