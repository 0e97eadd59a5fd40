"""Files that the two sides of a talk give each other."""
