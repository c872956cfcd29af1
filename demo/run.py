"""Run the demo: a district's supplies through the system, and what each partner can then read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.progress import Progress

from connectors.account import Account
from connectors.mappings.mapping_file import identity_mapping
from connectors.publishing.publish import Job, publish
from connectors.receipts import await_outcome
from connectors.registry import known_schemas
from demo.access_table import ask_the_broker, refused_acts
from demo.alerts import try_an_alert
from demo.case import try_a_case
from demo.emerging import SUPPLIER, as_emerging, try_a_spate
from demo.generator.spate import DATASET as SPATE_DATASET
from demo.hub import try_the_hub
from demo.live import Arrivals, percentiles, publish_steadily
from demo.report import Findings, StreetsKept, Supplied
from demo.supplies import District, SupplyFile
from isp.agreement.topics import Names
from ops.system import System, keys_of
from sanitiser.policy import Policy
from schemas.derive import intake_schema, release_schema
from schemas.london import london_today
from schemas.wire import decoder, encoder
from transport.reader import decoded, read_all

OUTCOME_SECONDS = 120.0
LIVE_DATASET = "police-incident"

Form = Mapping[str, Mapping[str, Any]]
"""An original, and its release in each profile that has one."""


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo on a running system. `live_rate` is in records per second, for `live_seconds`."""

    system: System
    district: District
    files: tuple[SupplyFile, ...]
    live_rate: float
    live_seconds: float

    def run(self, progress: Progress) -> Findings:
        """Supply, wait for the receipts, read back as each partner, measure."""
        began = time.monotonic()
        supplies = [self._supply(file, progress) for file in self.files]
        # Before all else, so that what is expected is computed while the demo does other things.
        spate, folder = self.district.spate(), self.files[0].path.parent
        before = self._supply(self.district.history_file(spate, SUPPLIER, folder), progress)
        latency, records = self._live(progress)
        asking = progress.add_task("asking the broker who may read what", total=None)
        first = self.files[0].dataset
        forms = self._forms(self.files[0])
        sample = _sample(forms, self.system.protocol.profiles_of(first))
        answers, refusals = ask_the_broker(self.system), refused_acts(self.system)
        progress.update(asking, description="a case from request to destruction")
        case = try_a_case(self.system, sample["original"])
        progress.update(asking, description="one household's third incident")
        alert = try_an_alert(self.system, self.district.third_incident())
        progress.update(asking, description="a spate of fights")
        policies = {p: self._policy(SPATE_DATASET, p) for p in ("central", "second")}
        emerging = try_a_spate(self.system, spate, before.supplied, policies)
        progress.update(asking, description="the council's copy of the hub")
        hub = try_the_hub(self.system)
        findings = Findings(
            supplies=supplies,
            sample=sample,
            streets=_streets_kept(first, forms),
            answers=answers,
            refusals=refusals,
            case=case,
            alert=alert,
            emerging=emerging,
            hub=hub,
            latency=latency,
            live_records=records,
            live_rate=self.live_rate,
            seconds=time.monotonic() - began,
        )
        progress.update(
            asking, description="asked, disclosed, alerted, found", total=1, completed=1
        )
        return findings

    def _supply(self, file: SupplyFile, progress: Progress) -> Supplied:
        account = self._account(file.agency)
        record_type = self.system.catalogue.record_type(file.dataset)
        task = progress.add_task(f"{file.agency} publishes {file.dataset}", total=file.rows)
        job = Job(file.path, identity_mapping(record_type), account, self.system.catalogue)
        published = publish(
            job, progress=lambda at: progress.update(task, completed=at.rows_read // 2)
        )
        outcome = await_outcome(
            account,
            self.system.catalogue,
            published.supply_id,
            published.records,
            start=published.receipts_from,
            timeout_s=OUTCOME_SECONDS,
            progress=lambda at: progress.update(task, completed=(file.rows + at.settled) / 2),
        )
        return Supplied(
            file.agency,
            file.dataset,
            supplied=published.records,
            cleaned=outcome.cleaned,
            held=outcome.held,
            rejected=outcome.rejected,
            released=dict(outcome.released),
        )

    def _account(self, agency: str) -> Account:
        return Account(self.system.protocol.prefix, agency, self.system.client(agency))

    def _policy(self, dataset: str, profile: str) -> Policy:
        key = keys_of(self.system.stack).ring().key(london_today())
        record_type = self.system.catalogue.record_type(dataset)
        return Policy(record_type, profile, key, self.system.catalogue.code_lists)

    def _recipient(self, dataset: str, profile: str) -> str:
        return next(
            e.party
            for e in self.system.protocol.receives
            if e.profile == profile and dataset in e.datasets
        )

    def _partitions(self, dataset: str) -> int:
        return max(s.partitions for s in self.system.protocol.supplies if s.dataset == dataset)

    def _forms(self, file: SupplyFile) -> list[Form]:
        """Return each original of a file beside the releases that partners read of it, by profile."""
        names = Names(self.system.protocol.prefix)
        released: dict[str, dict[str, dict[str, Any]]] = {}
        for profile in self.system.protocol.profiles_of(file.dataset):
            topic = names.depersonalised(profile, file.dataset)
            client = self.system.client(self._recipient(file.dataset, profile))
            schema = release_schema(self.system.catalogue.record_type(file.dataset), profile)
            records = decoded(
                read_all(client, topic, self._partitions(file.dataset)), decoder(schema)
            )
            released[profile] = {record["record_id"]: record for record in records}
        policies = {profile: self._policy(file.dataset, profile) for profile in released}
        return list(_forms(file, policies, released))

    def _live(self, progress: Progress) -> tuple[dict[str, float], int]:
        """Publish at a steady rate as the police; measure when the council can read each record."""
        names, dataset = Names(self.system.protocol.prefix), LIVE_DATASET
        agency = next(s.agency for s in self.system.protocol.supplies if s.dataset == dataset)
        policy = self._policy(dataset, "central")
        records = self.district.live_records(round(self.live_rate * self.live_seconds))
        ids = [policy.record_id(agency, record) for record in records]
        encode = self._intake_encoder(agency, dataset)
        values = [encode(record) for record in records]
        topic = names.depersonalised("central", dataset)
        task = progress.add_task(f"live, {self.live_rate:.0f} records a second", total=len(values))
        council = self.system.client(self._recipient(dataset, "central"))
        with Arrivals(council, topic, self._partitions(dataset)) as arrivals:
            sent = publish_steadily(
                self.system.client(agency), names.intake(agency, dataset), values, self.live_rate,
                lambda n: progress.advance(task, n),
            )  # fmt: skip
            arrivals.wait_for(len(values))
        took = [
            (arrivals.at[i] - at) * 1_000
            for i, at in zip(ids, sent, strict=True)
            if i in arrivals.at
        ]
        return percentiles(took), len(took)

    def _intake_encoder(self, agency: str, dataset: str) -> Callable[[Any], bytes]:
        catalogue = self.system.catalogue
        known = known_schemas(self._account(agency), catalogue)
        schema = intake_schema(catalogue.record_type(dataset))
        return encoder(schema, known.id_of(schema))


def _forms(
    file: SupplyFile, policies: dict[str, Policy], released: dict[str, dict[str, dict[str, Any]]]
) -> Iterator[Form]:
    for original in file.originals():
        try:
            ids = {p: policy.record_id(file.agency, original) for p, policy in policies.items()}
        except KeyError:
            continue
        forms = {p: released[p].get(i) for p, i in ids.items()}
        yield {"original": original} | {p: form for p, form in forms.items() if form}


def _sample(forms: Sequence[Form], profiles: Sequence[str]) -> Form:
    """Return the first original that all profiles got, with a street in `central`."""
    # The coarser profile may have no street, by the protocol.
    whole = (f for f in forms if f.keys() >= set(profiles) and f["central"]["location_address"])
    return next(whole, {})


def _streets_kept(dataset: str, forms: Sequence[Form]) -> StreetsKept:
    """Return how many originals with an address have a street in `central`."""
    central = [f["central"] for f in forms if "central" in f and f["original"]["location_address"]]
    kept = sum(release["location_address"] is not None for release in central)
    return StreetsKept(dataset, len(central), kept)


def as_document(findings: Findings) -> str:
    """Return the findings as one JSON object."""
    document = {
        "supplies": [asdict(supplied) for supplied in findings.supplies],
        "sample": findings.sample,
        "streets": findings.streets._asdict(),
        "access": [a._asdict() | {"topic": a.topic.name} for a in findings.answers],
        "refusals": dict(findings.refusals),
        "case": findings.case._asdict(),
        "alert": findings.alert._asdict(),
        "emerging": as_emerging(findings.emerging),
        "hub": findings.hub._asdict(),
        "latency": dict(findings.latency),
        "seconds": round(findings.seconds, 1),
    }
    return json.dumps(document, default=str, indent=2)
