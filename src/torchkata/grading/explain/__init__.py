"""Explain failed checks: one sentence of teaching for each known trap."""
