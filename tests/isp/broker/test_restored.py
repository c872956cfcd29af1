"""Lost schemas are written in the form of the registry's own import."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

from isp.broker.restored import archive


def test_each_schema_stands_under_its_id_and_the_digest_of_its_text() -> None:
    texts = {4: '"string"', 9: '{"type": "record", "name": "A", "fields": []}'}
    with zipfile.ZipFile(io.BytesIO(archive(texts))) as files:
        about = [json.loads(files.read(n)) for n in files.namelist() if n.endswith("Content.json")]
        found = {
            each["contentId"]: files.read(f"content/{each['contentHash']}.Content.data").decode()
            for each in about
        }
    assert found == texts
    digests = {each["contentHash"] for each in about}
    assert digests == {hashlib.sha256(text.encode()).hexdigest() for text in texts.values()}
