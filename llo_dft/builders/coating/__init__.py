"""Slabs of the coating, cut so that its strong bonds stay whole or open on purpose."""
