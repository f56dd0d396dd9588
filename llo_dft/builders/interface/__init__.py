"""The coating on the slab: registries, contacts, and the search for the best."""
