"""One self-contained page of a study."""
