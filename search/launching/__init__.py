"""Launching: the workers of a search, as processes here, actors of Ray or jobs of Slurm."""
