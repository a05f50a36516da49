"""How the doctor comes to its answers: ask all sources at once, then judge each reading; the judges are pure."""
