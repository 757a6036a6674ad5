"""The data of each exercise, drawn from the student's seed; the grader draws the same again."""
