"""HTTP as Docker's clients speak it."""
