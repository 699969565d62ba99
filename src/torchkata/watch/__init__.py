"""Watch mode: grade the current exercise at every save, with a key for everything else."""
