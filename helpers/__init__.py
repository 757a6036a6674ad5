"""Helpers of the chest-film notebook suite."""
