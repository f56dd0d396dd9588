"""What is stored: pydantic models with a unit for each number."""
