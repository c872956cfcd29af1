"""One set of lock files serves every version of Python that is supported."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSIONS = [
    name.rpartition(" ")[2]
    for name in PROJECT["project"]["classifiers"]
    if name.startswith("Programming Language :: Python :: ")
]
EXTRAS = PROJECT["project"]["optional-dependencies"]
LOCKS = {
    "requirements.lock": ("build",),
    "requirements-demo.lock": ("build", "embedded", "demo"),
    "requirements-scrub.lock": ("build", "scrub"),
    "requirements-dev.lock": tuple(EXTRAS),
}
"""Each lock file with the extras whose packages it pins."""


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


def needs(package: Distribution, version: str) -> Iterator[Requirement]:
    for line in package.requires or ():
        needed = Requirement(line)
        python = {"python_version": version, "python_full_version": f"{version}.9", "extra": ""}
        if needed.marker is None or needed.marker.evaluate(python):
            yield needed


def test_the_versions_are_the_same_wherever_they_are_named() -> None:
    required = SpecifierSet(PROJECT["project"]["requires-python"])
    every = [f"3.{minor}" for minor in range(30)]
    assert [version for version in every if f"{version}.9" in required] == VERSIONS
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"VERSIONS := {' '.join(reversed(VERSIONS))}\n" in makefile
    assert PROJECT["tool"]["mypy"]["python_version"] == VERSIONS[0]
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + VERSIONS[0].replace(".", "")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_its_packages_need(lock: str, version: str) -> None:
    pinned = pins(lock)
    lacking = [
        f"{name} needs {needed}"
        for name in pinned
        for needed in needs(distribution(name), version)
        if pinned.get(canonicalize_name(needed.name), "") not in needed.specifier
    ]
    assert lacking == []


@pytest.mark.parametrize("version", VERSIONS)
def test_each_pinned_package_supports_the_version(version: str) -> None:
    refusing = [
        name
        for name in pins("requirements-dev.lock")
        if f"{version}.9" not in SpecifierSet(distribution(name).metadata["Requires-Python"] or "")
    ]
    assert refusing == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_the_packages_of_its_extras_and_of_no_other(lock: str) -> None:
    pinned = set(pins(lock))
    wanted = {*names(PROJECT["project"]["dependencies"])}.union(*map(of_extra, LOCKS[lock]))
    others = set().union(*map(of_extra, EXTRAS)) - wanted
    # What an extra names can also be needed by a package of another, as `requests` by the recogniser.
    needed = {
        canonicalize_name(n.name) for each in pinned for n in needs(distribution(each), "3.11")
    }
    assert wanted <= pinned
    assert not pinned & others - needed


def of_extra(extra: str) -> set[str]:
    return names(EXTRAS[extra])


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}
