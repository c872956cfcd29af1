"""Read originals: from the intake topics of an agency, or from a file that it supplied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from connectors.mappings.mapping import Mapping as Columns
from isp.agreement.protocol import Protocol
from isp.agreement.topics import Names
from isp.broker.registered import schemas_of
from ops.embedded.stack import Stack
from ops.reference import INDEX_FOLDER
from ops.resolve.candidates import Candidate, from_file, from_topic
from ops.system import keys_of
from ops.worker import assemble
from sanitiser.places.postcodes import PostcodeIndex
from schemas.catalogue import Catalogue
from streams.sanitising.pipeline import Pipeline


class Originals(NamedTuple):
    """The originals of a partnership, read through the worker's flows."""

    stack: Stack
    protocol: Protocol
    catalogue: Catalogue
    pipeline: Pipeline

    @classmethod
    def of(cls, stack: Stack, protocol: Protocol, catalogue: Catalogue) -> Originals:
        """Build the flows with the index and the keys of the run directory."""
        households = protocol.sanitising.minimum_households
        index = PostcodeIndex.open(stack.run_dir / INDEX_FOLDER, households)
        keys = keys_of(stack).ring()
        worker = stack.secrets.client_config(stack.inside, Names(protocol.prefix).worker)
        schemas = schemas_of(worker, protocol.prefix, catalogue)
        pipeline = assemble(protocol, catalogue, index, schemas, keys)
        return cls(stack, protocol, catalogue, pipeline)

    def in_topics(self, supplied: Iterable[tuple[str, str]]) -> Iterator[Candidate]:
        """Read the intake of these agencies and datasets.

        Raises the errors of `transport.reader.read_all`.
        """
        names = Names(self.protocol.prefix)
        # Some agencies may only write their intake, not read it, so the worker's principal reads it.
        worker = self.stack.secrets.client_config(self.stack.inside, names.worker)
        partitions = {(s.agency, s.dataset): s.partitions for s in self.protocol.supplies}
        return chain.from_iterable(
            from_topic(
                worker,
                names.intake(agency, dataset),
                partitions[agency, dataset],
                self.pipeline.flow(names.intake(agency, dataset)),
            )
            for agency, dataset in supplied
        )

    def in_file(self, file: Path, columns: Columns, agency: str) -> Iterator[Candidate]:
        """Read a file that the agency supplied. Raises the errors of `from_file`."""
        flow = self.pipeline.flow(Names(self.protocol.prefix).intake(agency, columns.dataset))
        return from_file(file, columns, agency, self.catalogue, flow.steps)
