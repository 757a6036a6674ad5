"""Runs a submission behind walls and under watch, and tells how each cell went."""
