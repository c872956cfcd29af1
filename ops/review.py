"""Write the protection of every field to `schemas/reviewed.json`: `python -m ops.review`."""

from __future__ import annotations

from schemas.catalogue import load_catalogue
from schemas.review import REVIEWED_FILE, as_text, snapshot


def main() -> None:
    """Write what the declarations say now as reviewed."""
    REVIEWED_FILE.write_text(as_text(snapshot(load_catalogue())), encoding="utf-8")


if __name__ == "__main__":
    main()
