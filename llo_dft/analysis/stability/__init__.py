"""Which phases are stable against which, at which potential of Li."""
