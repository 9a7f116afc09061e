"""What the notebooks claim of the flights, held against the run that they make."""
