"""Read an installed environment: conda's records, Python's metadata, kernels, native libraries, who made it.

Files are only read, never changed, and no path that a record lists is followed out of the environment. Links that lie
in it are followed, since conda and uv can make environments of links into their caches. What is broken becomes a
Fault and never hides the rest.
"""
