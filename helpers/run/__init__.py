"""What runs the line: notebooks executed stage by stage, retraining, the decision to promote.

May import: base, cells, line, tables, kernels, learning, examples, pages, pipeline, registry,
monitor.
"""
