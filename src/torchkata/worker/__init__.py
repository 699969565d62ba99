"""Everything that shares an interpreter with a submission, and is therefore untrusted.

A worker loads one submission and replies to the judge's requests about it.
"""
