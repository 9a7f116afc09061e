"""Words that mean missing, yes or no, and the endings of image files."""

from __future__ import annotations

MISSING_WORDS = frozenset(
    {
        "", "-", "--", "---", "?", "??", ".", "n/a", "na", "n.a.", "n.a", "#n/a", "#na", "nan",
        "null", "nil", "none", "(null)", "<na>", "missing", "(missing)", "not available",
        "unknown", "#value!", "#div/0!", "\\n", "nat", "tbd", "—", "–",
    }
)  # fmt: skip
SURELY_MISSING = MISSING_WORDS - {"none", "unknown", "missing", ".", "tbd"}
BOOLEANS = {
    "yes": True, "no": False, "y": True, "n": False, "true": True, "false": False,
    "t": True, "f": False, "on": True, "off": False,
}  # fmt: skip
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
