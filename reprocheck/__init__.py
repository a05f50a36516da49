"""reprocheck: will this training run give the same numbers there, and if not, why not?"""

from reprocheck.recording import recording

__all__ = ["__version__", "recording"]
__version__ = "0.1.0"
