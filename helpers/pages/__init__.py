"""HTML pages and figures: the page of a stage, the front page, two runs compared, plots. Knows no
station and no lesson.

May import: base, cells, line, learning.
"""
