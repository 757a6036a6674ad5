"""Grading: submissions run in confinement, marked by a rubric, given back to the class."""
