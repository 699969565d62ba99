"""Why a check failed: known traps, each told from others by what the code did, in one sentence."""
