"""Ratios measured side by side in one run; every benchmark writes a JSON file under results/."""
