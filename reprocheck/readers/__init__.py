"""From files that were given to us to the model: environment.yml, locks, configuration."""
