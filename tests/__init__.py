"""Three rings: units by module, stages (nbval on the notebooks), and whole series."""
