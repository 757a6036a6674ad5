"""Graded exercises: what a student's notebook calls, and how the handed-out notebooks are made.

A notebook needs `keep` and the functions of `data`; everything else is the instructor's side.
"""

from helpers.suite.exercises.handin import keep
from helpers.suite.exercises.students import student_seed

__all__ = ["keep", "student_seed"]
