"""Keeping a ledger of known divergences: seeing whether it is true, adding, taking away.

``convergent known check``, ``add`` and ``prune``. What an entry is and what it excuses is said in
``convergent.harness.ledger``.
"""
