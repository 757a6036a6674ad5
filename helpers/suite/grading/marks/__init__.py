"""From an executed submission and the rubric to a mark."""
