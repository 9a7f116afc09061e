"""The section on findings: what deserves a look, the most severe first."""

from __future__ import annotations

from collections import Counter

from ..base.findings import SEVERITIES
from .exploration import Exploration
from .html_pieces import Piece, folded, many, para, safe
from .oddity import Oddity

MOST_FINDINGS = 10  # shown at once; the others are folded


def findings(found: Exploration) -> Piece:
    """What deserves a look, ranked, each with its evidence and a link to its place."""
    first, more = found.findings[:MOST_FINDINGS], found.findings[MOST_FINDINGS:]
    rest = folded(f"{len(more):,} more", finding_list(more)) if more else ""
    sampled = f"Findings on two columns rest on {found.survey.sample_note}."
    note = para("" if found.survey.all_rows else sampled, "said")
    return Piece(para(describe_findings(found)), finding_list(first), rest, note, place="findings")


def finding_list(findings: list[Oddity], tag: str = "ol") -> str:
    """Findings as a list, in order (`ol`) or not (`ul`); nothing for none."""
    items = "".join(map(finding_item, findings))
    return f'<{tag} class="xp-found">{items}</{tag}>' if items else ""


def finding_item(finding: Oddity) -> str:
    """A finding as an item of a list: severity, message, link and evidence."""
    return (
        f'<li class="{finding.severity}"><em>{finding.severity}</em><b>{safe(finding.message, 200)}'
        f'</b> <a href="#{finding.place}" title="{safe(finding.code)}">see</a>'
        f"<span>{safe(finding.evidence, 400)}</span></li>"
    )


def describe_findings(found: Exploration) -> str:
    """The findings in a sentence."""
    every, survey = found.findings, found.survey
    size = f"{many(survey.rows, 'row')} and {many(len(survey.columns), 'column')}"
    if not every:
        return f"{size}: nothing stands out."
    counts = Counter(finding.severity for finding in every)
    parts = ", ".join(many(counts[s], s) for s in SEVERITIES if counts[s])
    kinds = Counter(finding.code for finding in every)
    common = ", ".join(f"{code} ({count})" for code, count in kinds.most_common(3))
    return f"{size}, <b>{many(len(every), 'finding')}</b> ({parts}). Most often: {common}."
