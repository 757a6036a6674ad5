"""Core: parameters, run folders and errors; knows nothing of films or models."""
