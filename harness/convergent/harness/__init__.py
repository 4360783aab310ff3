"""The check itself: running workers, judging results, recording and reporting outcomes."""
