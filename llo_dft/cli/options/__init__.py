"""Values that options of the command line take."""
