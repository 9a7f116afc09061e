"""Models that were stored by older versions of this code, with what they answered then."""
