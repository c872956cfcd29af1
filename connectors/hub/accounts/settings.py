"""The settings of each session that reads the hub: what is recorded of it, and its limits."""

from __future__ import annotations

from typing import Final

from connectors.hub.accounts.state import Settings

CONNECTIONS: Final = 5
"""Sessions that one login may have at the same time."""

RECORDED: Final[Settings] = frozenset({
    # One line for each table that a statement reads.
    ("pgaudit.log", "read"),
    ("pgaudit.log_relation", "on"),
    ("pgaudit.log_catalog", "off"),
    ("pgaudit.log_client", "off"),
    ("pgaudit.log_level", "log"),
    # Neither the statement nor its parameters: both have values.
    ("pgaudit.log_statement", "off"),
    ("pgaudit.log_parameter", "off"),
    ("pgaudit.log_rows", "off"),
    ("log_statement", "none"),
    ("log_duration", "off"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "-1"),
    ("log_transaction_sample_rate", "0"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("log_min_error_statement", "panic"),
    ("log_lock_waits", "off"),
    ("log_temp_files", "-1"),
    # Details of an error quote rows and statements. Refusals are errors, so errors are logged.
    ("log_error_verbosity", "terse"),
    ("log_min_messages", "error"),
})  # fmt: skip
"""What the server's log has of a session: who, when and which table. Only a superuser may change these."""

LIMITS: Final[Settings] = frozenset({
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "5min"),
    ("idle_in_transaction_session_timeout", "10min"),
    ("temp_file_limit", "1GB"),
})  # fmt: skip
"""Limits of a person's session. A person may lift the first three for a session, but never the last."""

UNRECORDED: Final = ("pgaudit.log", "none")
"""The setting of the owner, who writes: its own reads would be most of the log."""
