"""`ipu export` on a running hub: other programs read the file, and its supplier sees it in the audit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyogrio
import pyrage
import pytest
from pyrage import x25519

from ops.embedded.stack import Stack
from tests.integration.conftest import MakeSite
from tests.integration.hub_site import HubSite, rows, running, with_hub
from tests.integration.test_supplies import run
from tests.integration.waiting import PATIENCE_S, until

pytestmark = pytest.mark.broker

ROWS = 20


@pytest.fixture(scope="module")
def exporting(stack: Stack, site_of: MakeSite) -> Iterator[HubSite]:
    """A hub that has twenty incidents."""
    with running(HubSite(site_of(stack, "exporting", with_hub))) as made:
        made.supply("first", rows("E", ROWS))
        until(lambda: made.count("council") == ROWS, PATIENCE_S, "the rows")
        yield made


def exported(at: HubSite, out: Path, *options: str) -> dict[str, Any]:
    """Export the incidents for the council; the answer of the command."""
    what = ("--as", "council", "--format", "geopackage", "--out", str(out), "--json")
    answer = run(at.site, "export", "police-incident", *what, *options)
    assert answer.code == 0, answer.said
    found: dict[str, Any] = answer.document
    return found


def shares(at: HubSite, digest: str, *inquiry: str) -> list[dict[str, Any]]:
    """Return the shares of the entry of a file that an inquiry finds."""
    answer = run(at.site, "audit", "show", "--json", *inquiry)
    assert answer.code == 0, answer.said
    entries = [each for each in answer.document["entries"] if each["subject"] == digest]
    return [share for entry in entries for share in entry["shares"]]


def test_an_export_is_read_by_gdal_and_supplier_and_recipient_find_it_in_the_audit(
    exporting: HubSite, tmp_path: Path
) -> None:
    out = tmp_path / "incidents.gpkg"
    done = exported(exporting, out)
    assert done["records"] == ROWS
    info = pyogrio.read_info(out, layer="police_incident")
    assert info["layer_metadata"]["supply of police, agency"] == "police"
    assert (info["crs"], info["features"]) == ("EPSG:27700", ROWS)
    assert info["layer_metadata"]["exported_by"].endswith("exporting.council")
    assert out.stat().st_mode & 0o777 == 0o600
    assert hashlib.sha256(out.read_bytes()).hexdigest() == done["sha256"]
    for inquiry in (("--agency", "police"), ("--recipient", "council")):
        (share,) = shares(exporting, done["sha256"], *inquiry)
        assert (share["what"], share["agency"], share["records"]) == ("read", "police", ROWS)
    assert run(exporting.site, "audit", "verify").code == 0


def test_an_encrypted_export_of_some_rows_is_read_by_its_recipient_alone(
    exporting: HubSite, tmp_path: Path
) -> None:
    owner = x25519.Identity.generate()
    where = "record_id = (SELECT min(record_id) FROM central.police_incident)"
    out = tmp_path / "some.gpkg"
    options = ("--where", where, "--since", "2020-01-01", "--to-key", str(owner.to_public()))
    done = exported(exporting, out, *options)
    sealed = Path(done["file"])
    assert [path.name for path in tmp_path.iterdir()] == [sealed.name] == ["some.gpkg.age"]
    clear = pyrage.decrypt(sealed.read_bytes(), [owner])
    assert hashlib.sha256(clear).hexdigest() == done["sha256"]
    assert done["records"] == 1
    (share,) = shares(exporting, done["sha256"], "--agency", "police")
    assert share["records"] == 1
    assert where not in json.dumps(shares(exporting, done["sha256"]))


def test_a_faulty_condition_and_a_dataset_of_others_leave_no_file(
    exporting: HubSite, tmp_path: Path
) -> None:
    out = str(tmp_path / "x.gpkg")
    what = ("--as", "council", "--format", "geopackage", "--out", out)
    for dataset, where, said in (
        ("police-incident", "no_column = 1", "--where: Binder Error"),
        ("marac-referral", "true", "receives no dataset 'marac-referral'; accepted:"),
    ):
        answer = run(exporting.site, "export", dataset, *what, "--where", where)
        assert answer.code == 1
        assert said in " ".join(answer.said.split())
    assert list(tmp_path.iterdir()) == []
