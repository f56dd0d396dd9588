"""One HTML file with all that a study found, which opens without a network."""
