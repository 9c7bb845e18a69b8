"""Figures and pages over a study: they read its records, write no database and train nothing."""
