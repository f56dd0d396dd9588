"""The calculation cache: key, lookup, and results that appear whole or not at all."""
