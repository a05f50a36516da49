"""Reference runs: launched, compared, explained. No torch is imported here."""
