"""The learner's loop: an exercise judged anew at every save, and one key for everything else."""
