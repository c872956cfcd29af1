"""The options for sanitising and attacking a file as a protocol's worker would."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isp.agreement.protocol import MINIMUM_HOUSEHOLDS, Sanitising
from isp.agreement.protocol_file import load_protocol
from offline.steps import Agreed
from schemas.catalogue import Catalogue

ByProtocol = Annotated[
    Path | None,
    typer.Option(
        "--protocol",
        help="Protocol file, for its area, neighbours, periods and settings; signatures are not "
        "checked. Without it every place counts as inside the area.",
    ),
]
Agency = Annotated[
    str | None,
    typer.Option(help="Supplier of the file; default: the only one in the protocol."),
]
Households = Annotated[
    int | None,
    typer.Option(
        min=MINIMUM_HOUSEHOLDS,
        help="Least number of households of a released postcode; default: the protocol's, else "
        f"{MINIMUM_HOUSEHOLDS}.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=20_000,
        help="Greatest distance of a substitute postcode, in metres; default: the protocol's, else 2,000.",
    ),
]


def agreed_by(
    protocol: Path | None, dataset: str, profile: str, agency: str | None, catalogue: Catalogue
) -> Agreed | None:
    """Return what the protocol's file agrees on the dataset; None without a file.

    Raises:
        ProtocolError: the file is not a valid protocol, or does not have the agency share this
            dataset.
    """
    if protocol is None:
        return None
    return Agreed.of(load_protocol(protocol, catalogue), dataset, profile, agency)


def sanitising_of(agreed: Agreed | None, k: int | None, limit: int | None) -> Sanitising:
    """Return the settings of the protocol, else the given ones.

    Ends the command if the two differ.
    """
    if agreed is None:
        given = {"minimum_households": k, "substitute_limit_metres": limit}
        return Sanitising.model_validate({n: v for n, v in given.items() if v is not None})
    settings = agreed.protocol.sanitising
    for option, value, says in (
        ("--k", k, settings.minimum_households),
        ("--limit", limit, settings.substitute_limit_metres),
    ):
        if value is not None and value != says:
            message = f"{value} given, but the protocol says {says}; leave the option out"
            raise typer.BadParameter(message, param_hint=option)
    return settings
