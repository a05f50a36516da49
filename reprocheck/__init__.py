"""reprocheck: will this training run give the same numbers there, and if not, why not?"""

__version__ = "0.1.0"
