"""Documents to matplotlib axes; nothing is computed here."""
