"""Puts the parts together: recipe to plan, plan to flow, flow to results."""
