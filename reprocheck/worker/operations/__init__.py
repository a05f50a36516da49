"""Which operations a run is made of, and what each of them computes here: trace two steps, replay on hashed inputs."""
