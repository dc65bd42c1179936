"""One self-contained HTML page from any records: the verdict first, then figures and tables."""

from edgebert.report.page import Summary as Summary
from edgebert.report.page import write_report as write_report

__all__ = ["Summary", "write_report"]
