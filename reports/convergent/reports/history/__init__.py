"""Many runs side by side: how verdicts and error ratios went, over versions and dates."""
