"""The wire format between judge and worker."""
