"""Stage 7, deployment: the bundle and its card written, and the proof that the service answers as the model does. May import: base, tables, drift, learning, models, pipeline, serving."""
