"""Errors of the state store."""

from __future__ import annotations


class StateStoreError(RuntimeError):
    """The store on disk cannot be used, and the worker must end. The message names the folder."""


class StoreDamaged(RuntimeError):
    """The store on disk is damaged, and must be built again from the changelog."""
