"""What a relaxed interface is: its bonds and its energies."""
