"""Confinement of the worker process: rlimits, namespaces, Landlock, seccomp."""
