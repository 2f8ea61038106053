"""Ratios of the SDK against named baselines, measured side by side; README.md says how to read them."""
