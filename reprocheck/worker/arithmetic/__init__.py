"""How this platform's arithmetic works: profile by operation and type, canary training, relations that must hold."""
