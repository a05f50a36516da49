"""In which order this platform adds numbers: summation trees, recovered from outside and replayed in software.

After FPRev (Xie et al., "FPRev: Revealing the Order of Floating-Point Summation", USENIX ATC 2025), with many masked
sums asked in one call, and with a replay on random inputs before anything is reported.
"""
