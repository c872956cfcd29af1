"""Opens the national index in a fresh process and looks postcodes up. Prints one JSON object.

`rss_mb` is the whole process: interpreter, numpy and all that was mapped and touched.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped, unused-ignore]

from sanitiser.places.postcodes import PostcodeIndex

_MB = 1_000_000


def main() -> None:
    """Take the index's folder as argument, and canonical postcodes line by line."""
    postcodes = sys.stdin.read().split("\n")
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    index = PostcodeIndex.open(Path(sys.argv[1]))
    index.release(postcodes[0])
    loaded = time.perf_counter()
    found = sum(index.release(postcode) is not None for postcode in postcodes)
    looked_up = time.perf_counter()
    rss = psutil.Process().memory_info().rss
    figures = {
        "load_s": loaded - started,
        "rss_mb": rss / _MB,
        "rss_of_index_mb": (rss - before) / _MB,
        "us_per_first_look_up": (looked_up - loaded) / len(postcodes) * 1e6,
        "found": found,
        "postcodes": len(postcodes),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
