"""Which ions sit, or stay, on which sites: exact counts and electrostatic searches."""
