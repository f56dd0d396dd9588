"""Which ions are, or stay, on which sites: exact counts and electrostatic searches."""
