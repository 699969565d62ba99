"""Meters that run beside a submission: they count ops, conversions, memory and steps of a call."""
