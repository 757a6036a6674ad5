"""`python -m helpers` is the same as `cxr`."""

from helpers.suite.cli import main

main()
