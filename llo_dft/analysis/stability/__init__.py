"""Which phases are stable with which, at which potential of Li."""
