"""Mutants: small realistic faults in a reference, to find out what its grader does not notice."""
