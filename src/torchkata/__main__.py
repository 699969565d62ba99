"""`python -m torchkata VERB ...`."""

import sys

from torchkata.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
