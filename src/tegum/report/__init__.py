"""What a run found, as a page for the browser and as a table for the terminal."""

from tegum.report.page import write_page
from tegum.report.records import Claim, Experiment, Results, outcome
from tegum.report.reproduce import reproduce
from tegum.report.table import claims_table

__all__ = ["Claim", "Experiment", "Results", "claims_table", "outcome", "reproduce", "write_page"]
