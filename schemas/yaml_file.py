"""Reader of YAML files that people write: any content gives a document or an error with the reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

MOST_BYTES = 4 * 1024 * 1024
"""Largest file that is read. A protocol with 30 parties has 60 kB."""

_QUOTATION = re.compile("[\"'“‘]")

Refusal = TypeVar("Refusal", bound=Exception)


def read_yaml(path: Path, refusal: type[Refusal]) -> Any:
    """Return the document of a file, with the line of each of its parts.

    Raises:
        refusal: the file is not YAML; the message has file and line, and no content of the file.
    """
    return parse_yaml(read_content(path, refusal), path, refusal)


def parse_yaml(content: bytes, path: Path, refusal: type[Refusal]) -> Any:
    """Return the document in the content of a file; `path` is for messages. Errors as `read_yaml`."""
    text = decoded(content, path, refusal)
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        # After the first quotation mark the parser's message quotes the file.
        problem = _QUOTATION.split(str(error.problem))[0].strip()
        raise refusal(f"{path}:{line}: not YAML: {problem}") from None
    except RecursionError:
        raise refusal(f"{path}:1: not read: it is nested too deeply") from None
    except (YAMLError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        # ruamel.yaml raises Python's own errors for a number of thousands of digits, `!!bool x`, `!!int ""`,
        # a character above U+10FFFF, and a mapping that is merged into itself.
        raise refusal(f"{path}:1: not YAML: {type(error).__name__}") from None


def read_content(path: Path, refusal: type[Refusal]) -> bytes:
    """Return the bytes of a file of at most `MOST_BYTES`. Errors as `read_yaml`."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise refusal(f"{path}: the file does not exist") from None
    except OSError as error:
        raise refusal(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise refusal(f"{path}: the file is too large; accepted: at most {MOST_BYTES:,} bytes")
    return content


def decoded(content: bytes, path: Path, refusal: type[Refusal]) -> str:
    """Return the text of a file, without its byte order mark. Errors as `read_yaml`."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(f"{path}:{line}: not UTF-8; save the file as UTF-8") from None
