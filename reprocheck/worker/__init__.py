"""What runs inside the audited Python: standard library and torch only, Python 3.9+, torch 2.0+.

No other room imports this package. `machine/worker_process.py` copies it, as `reprocheck_worker`, into a
private folder and starts it there; the audited interpreter sees no other code of reprocheck.
"""
