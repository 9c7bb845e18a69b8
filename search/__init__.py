"""The search: space, study, scoring, Pareto front, storage, trials, workers, command line."""
