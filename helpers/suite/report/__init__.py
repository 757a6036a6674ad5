"""Papers to hand in: report page, model card, datasheet and checklists, all from a run's files."""

from helpers.suite.report.write import write_report

__all__ = ["write_report"]
