"""The jail: a small program that puts walls around one kernel, starts it and ends all of it.

It runs before anything else in a process of its own, so it needs nothing but the standard library.
"""
