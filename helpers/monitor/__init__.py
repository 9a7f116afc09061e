"""Stage 8, monitoring: later rows, drift, performance with and without labels, whether a challenger
is better than the champion.

May import: base, cells, line, tables, drift, learning, models, answers, examples, pages, pipeline,
registry, serving.
"""
