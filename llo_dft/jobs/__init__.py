"""jobflow jobs around the builders, the engines and the analysis; no physics."""
