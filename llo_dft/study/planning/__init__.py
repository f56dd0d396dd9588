"""From a recipe to a plan: every structure and calculation, before anything runs."""
