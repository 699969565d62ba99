"""Decide speed budgets with a sequential test."""
