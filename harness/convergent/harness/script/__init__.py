"""Stand-alone scripts of checks, to be pasted into an issue tracker."""
