"""The audit: written before what it tells of is known, read by the auditor, held against the receipts."""
