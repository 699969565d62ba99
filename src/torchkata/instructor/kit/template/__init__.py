"""Templates of a kit's pages; nothing here is imported."""
