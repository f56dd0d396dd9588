"""A package, so that a test file may have the same name here and in tests/physics."""
