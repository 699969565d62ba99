"""Receipts: what each line of the code that runs in this process costs."""
