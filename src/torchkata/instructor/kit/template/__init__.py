"""Templates of the kit's own pages; nothing here is imported."""
