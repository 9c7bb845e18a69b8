"""The live page: what a database of studies holds, seen in a browser while the workers work."""
