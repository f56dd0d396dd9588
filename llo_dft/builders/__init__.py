"""Structure -> Structure: pure, deterministic builders of cathode models."""
