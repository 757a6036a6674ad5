"""Takes in what the class handed in, and sets it against the master notebooks."""
