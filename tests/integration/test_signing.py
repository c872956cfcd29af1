"""On the real broker: nothing is done by a protocol that is not signed, or not the one in force."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from isp.agreement.protocol_file import load_protocol
from isp.broker.in_force import read_in_force
from isp.broker.signed import load_signed
from isp.keys.officer_keys import make_key
from isp.signing.signatures import content_digest, public_key, signatures_file
from ops.embedded.stack import Stack
from ops.exercise import exercise
from schemas.catalogue import load_catalogue
from tests.integration.conftest import MakeSite
from tests.integration.records import incident
from tests.integration.site import Site
from tests.integration.test_supplies import Answer, run_on
from tests.integration.waiting import PATIENCE_S, until
from tests.integration.worker_process import Order, WorkerProcess

pytestmark = pytest.mark.broker

AUTHORITIES = ("council", "fire", "police")


@pytest.fixture(scope="module")
def site(stack: Stack, site_of: MakeSite) -> Site:
    return site_of(stack, "signing")


def applied(site: Site, path: Path) -> Answer:
    return run_on(site, "isp", "apply", str(path), "--exercise")


def edited(site: Site, folder: Path, edit: Callable[[Any], None], *, signed: bool = True) -> Path:
    """The site's protocol, changed, and signed anew for all by the keys that it has."""
    document = YAML().load(site.protocol_file)
    edit(document)
    path = folder / "changed.yaml"
    YAML().dump(document, path)
    if not signed:
        return path
    _lend_keys(site, folder)
    return exercise(path, folder, load_catalogue())


def _lend_keys(site: Site, folder: Path) -> None:
    keys = folder / "secrets"
    if not keys.exists():
        keys.symlink_to(site.folder / "secrets")


def longer_grace(document: Any) -> None:
    document["review_grace_days"] = 35


def test_an_unsigned_or_changed_protocol_is_not_applied(site: Site, tmp_path: Path) -> None:
    draft = edited(site, tmp_path, longer_grace, signed=False)
    refused = applied(site, draft)
    assert (refused.code, "nobody has signed it" in refused.said) == (1, True)
    stale = signatures_file(site.protocol_file).read_text()
    signatures_file(draft).write_text(stale)
    refused = applied(site, draft)
    assert refused.code == 1
    for authority in AUTHORITIES:
        assert f"{authority!r} has not signed the protocol in its present content" in refused.said


def test_a_worker_refuses_an_unsigned_protocol_and_one_that_is_not_in_force(
    site: Site, tmp_path: Path
) -> None:
    draft = edited(site, tmp_path, longer_grace, signed=False)
    later = edited(site, tmp_path, longer_grace)
    for path, told in ((draft, "nobody has signed it"), (later, "is not the protocol in force")):
        stack = site.partnership.stack
        worker = WorkerProcess(
            Order(str(stack.run_dir), str(path), str(site.index)), tmp_path / "worker.log"
        )
        try:
            assert worker.wait(PATIENCE_S) != 0
            assert told in worker.log
            assert worker.starts == 0
        finally:
            worker.close()


def test_a_worker_ends_when_another_protocol_is_applied_and_the_next_works_by_that(
    site: Site, tmp_path: Path
) -> None:
    later = edited(site, tmp_path, longer_grace)
    with site.worker() as worker:
        worker.wait_ready()
        site.publish("police-incident", [incident("SIGN-1")])
        site.drain(["police-incident"])
        assert applied(site, later).code == 0
        assert worker.wait(PATIENCE_S) == 0
        assert "working by protocol number 1, digest " in worker.log
        assert "[EXERCISE, agreed by nobody]" in worker.log
        assert "another protocol is in force" in worker.log
    assert run_on(site, "isp", "drift", str(site.protocol_file)).code == 3
    assert run_on(site, "isp", "drift", str(later)).code == 0
    assert applied(site, site.protocol_file).code == 0
    with site.worker() as worker:
        worker.wait_ready()


def test_what_is_in_force_is_what_was_applied(site: Site) -> None:
    catalogue = load_catalogue()
    known = read_in_force(site.partnership.client("worker"), "signing", catalogue)
    protocol = load_protocol(site.protocol_file, catalogue)
    assert known is not None
    assert known.digest == content_digest(protocol)
    assert known.protocol == protocol


def test_nobody_puts_keys_of_its_own_in_for_the_authorities(site: Site, tmp_path: Path) -> None:
    document = YAML().load(site.protocol_file)
    path = tmp_path / "taken-over.yaml"
    YAML().dump(document, path)
    taken = exercise(path, tmp_path, load_catalogue())
    assert load_signed(taken, load_catalogue(), exercise=True), "in itself it is signed"
    refused = applied(site, taken)
    assert refused.code == 1
    for name in (*AUTHORITIES, "business"):
        assert f"new key of {name!r}" in refused.said
        assert f"not confirmed by {name!r}" in refused.said
    assert run_on(site, "isp", "drift", str(site.protocol_file)).code == 0, "nothing was done"


def test_a_new_partner_is_let_in_by_all_authorities_and_by_no_fewer(
    site: Site, tmp_path: Path
) -> None:
    def with_traders(document: Any) -> None:
        business = next(p for p in document["parties"] if p["id"] == "business")
        approver = {name: business["approver"][name] for name in ("post", "contact")}
        document["parties"].append({**business, "id": "traders", "approver": approver})
        document["receives"].append(
            {**document["receives"][-1], "party": "traders", "datasets": ["police-incident"]}
        )

    grown = edited(site, tmp_path, with_traders)
    whole = signatures_file(grown).read_text()
    entries = whole.split("- party:")
    without_fire = [entry for entry in entries if '"fire"' not in entry.splitlines()[0]]
    signatures_file(grown).write_text("- party:".join(without_fire))
    refused = applied(site, grown)
    assert (refused.code, "'fire' has not signed" in refused.said) == (1, True)
    topic = "signing.depersonalised.second.police-incident"
    assert "signing.traders" not in run_on(site, "isp", "who", topic, "--json").text
    signatures_file(grown).write_text(whole)
    assert applied(site, grown).code == 0
    told = run_on(site, "isp", "who", topic, "--json", "--protocol", str(grown))
    assert "signing.traders" in told.text
    assert applied(site, site.protocol_file).code == 0


def test_an_authority_renews_the_key_of_one_post_by_the_other(site: Site, tmp_path: Path) -> None:
    _lend_copies(site, tmp_path)
    lost = tmp_path / "secrets" / "officers" / "police.deputy.pem"
    lost.unlink()
    new = public_key(make_key(lost))
    path = tmp_path / "renewed.yaml"
    YAML().dump(YAML().load(site.protocol_file), path)
    renewed = exercise(path, tmp_path, load_catalogue())
    assert new in renewed.read_text()
    assert applied(site, renewed).code == 0
    back = applied(site, site.protocol_file)
    assert back.code == 0, back.said


def _lend_copies(site: Site, folder: Path) -> None:
    officers = folder / "secrets" / "officers"
    officers.mkdir(parents=True, mode=0o700)
    for key in (site.folder / "secrets" / "officers").iterdir():
        copy = officers / key.name
        copy.touch(mode=0o600)
        copy.write_bytes(key.read_bytes())


def test_what_was_applied_is_seen_by_every_worker(site: Site, tmp_path: Path) -> None:
    with site.worker(slot="1") as other:
        other.wait_ready()
        assert applied(site, edited(site, tmp_path, longer_grace)).code == 0
        until(lambda: other.code is not None, PATIENCE_S, "the end of the other worker")
    assert applied(site, site.protocol_file).code == 0
