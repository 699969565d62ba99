"""`python -m torchkata VERB ...`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        del sys.path[0]  # the working directory, where a learner's random.py would be imported
    from torchkata.cli.main import main

    sys.exit(main())
