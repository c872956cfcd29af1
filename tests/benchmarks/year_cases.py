"""Cases of the year: the council asks the police about households, and the police approve."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from isp.broker.standing import read_standing
from isp.cases.case import State
from isp.cases.client.recipient import read_sealing_key, sealing_key_file
from isp.cases.sealing import from_discloser
from ops.exercise import officers_key
from schemas.london import london_today
from tests.benchmarks.alert_setting import RECIPIENT, AlertSetting
from tests.benchmarks.errors import BenchError
from tests.benchmarks.own_partnership import until
from tests.year.district import Supplied

SUPPLIER: Final = "police"
CASES: Final = 2
SUBJECTS: Final = 20
_POST: Final = "deputy"
_DAYS = 28
FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "police-incident": ("incident_reference", "incident_date"),
    "police-crime-offence": ("crime_reference", "offence_code"),
    "police-crime-victim": ("crime_reference", "name"),
    "police-crime-offender": ("crime_reference", "name"),
    "marac-referral": ("referral_reference", "referral_date"),
}
"""The requested fields: of every dataset of the police, so that all that they supplied is told."""

Home = dict[str, str]


@dataclass(frozen=True, slots=True)
class YearCases:
    """Opens cases, with the commands of the officers and the discloser, and reads their keys."""

    partnership: AlertSetting
    python: Path

    def open(self, homes: Sequence[Home]) -> dict[str, bytes]:
        """Open a case about each `SUBJECTS` of the homes; return the keys of the cases by their ids."""
        parts = [homes[n : n + SUBJECTS] for n in range(0, len(homes), SUBJECTS)]
        with self.partnership.discloser():
            cases = [self._requested(part) for part in parts]
            until(lambda: self._are(cases, State.ASKED), "the requests were not taken")
            for case in cases:
                reason = ("--reason", "proportionate")
                self._run("approve", case, *reason, party=SUPPLIER)
            until(lambda: self._are(cases, State.OPEN), "the cases were not opened")
        return {case: self._key(case) for case in cases}

    def _requested(self, homes: Sequence[Home]) -> str:
        request = {
            "from": SUPPLIER,
            "process": "marac",
            "purpose": "Measuring",
            "questions": ["Have there been incidents at the address?"],
            "legal_basis": "cda-1998-s115",
            "conditions": ["dpa-1998-sch2-public-functions", "dpa-1998-sch3-justice"],
            "subjects": list(homes),
            "fields": {dataset: list(names) for dataset, names in FIELDS.items()},
            "until": (london_today() + timedelta(_DAYS)).isoformat(),
        }
        file = self.partnership.setting.files.folder / "request.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(request), encoding="utf-8")
        answer = json.loads(self._run("request", str(file), "--json", party=RECIPIENT))
        return str(answer["case"])

    def _run(self, command: str, *arguments: str, party: str) -> str:
        setting = self.partnership.setting
        run_dir = setting.files.run_dir
        options = [
            "--as", party, "--key", str(officers_key(run_dir, party, _POST)),
            "--protocol", str(setting.files.protocol), "--run-dir", str(run_dir),
        ]  # fmt: skip
        done = subprocess.run(
            [self.python, "-m", "ops.cli", "disclose", command, *arguments, *options],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise BenchError(
                f"ipu disclose {command} failed: {done.stdout[-500:]}{done.stderr[-1500:]}"
            )
        return done.stdout

    def _are(self, cases: Iterable[str], state: State) -> bool:
        found = self._cases()
        return all(case in found and found[case].state is state for case in cases)

    def _cases(self) -> Mapping[str, Any]:
        setting = self.partnership.setting
        return read_standing(setting.admin_config, setting.protocol, setting.catalogue).cases

    def _key(self, case: str) -> bytes:
        """Return the key of a case as the recipient gets it."""
        secrets = self.partnership.setting.stack.secrets.folder
        private = read_sealing_key(sealing_key_file(secrets, RECIPIENT, case))
        return from_discloser(b64decode(self._cases()[case].flow.key), private, case)


def busiest_homes(year: Iterable[Supplied], count: int) -> dict[str, Home]:
    """Return address and postcode of the homes with most records of events, by their keys."""
    records = Counter[str]()
    homes: dict[str, Home] = {}
    for one in year:
        key = one.truth.household
        if key is None or one.truth.dataset == "marac-referral":
            continue
        records[key] += 1
        prefix = "location_" if "location_address" in one.record else "home_"
        named = ("address", "postcode")
        homes.setdefault(key, {name: str(one.record[f"{prefix}{name}"]) for name in named})
    return {key: homes[key] for key, _ in records.most_common(count)}
