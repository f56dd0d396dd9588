"""From recipe to plan, plan to flow, and flow to results."""
