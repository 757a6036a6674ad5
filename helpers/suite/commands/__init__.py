"""One module for each `cxr` command; heavy imports stay inside the functions."""
