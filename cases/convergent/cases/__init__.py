"""What to check: cases, their one-line names, their data and the suites they form."""
