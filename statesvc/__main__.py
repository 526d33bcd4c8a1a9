"""`python -m statesvc` is the `statesvc` command."""

from statesvc.cli import main

main()
