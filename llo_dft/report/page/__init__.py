"""One HTML file with all results of a study, which opens without a network."""
