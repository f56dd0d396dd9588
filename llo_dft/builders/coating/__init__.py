"""Slabs of the coating, cut so that its strong bonds stay whole or are opened on purpose."""
