"""Answers of R 4.2.2 with `surveillance` 1.20.3: `farringtonFlexible` of three series that it brings along.

    NEWPORT <- aggregate(salmNewport, by = "unit")
    BERLIN <- salmNewport[, "Berlin"]
    AGONA <- disProg2sts(salmonella.agona)
    x <- NEWPORT_WITH_GAPS <- NEWPORT     # and AGONA_WITH_GAPS
    x@observed[nrow(x) - c(30, 60:64, 103:106, 158, 209:212), 1] <- NA
    r <- farringtonFlexible(x, control = list(range = week, b = ..., w = ..., limit54 = c(0, 4), ...))
    c(upperbound(r), r@control$expected, r@control$phiVector, r@control$pvalue, r@control$trend, alarms(r))

The weeks of the first two begin on 2004-01-05; those of the last have no dates: 52 are a year. `limit54` is
c(5, 4) except with `limit_cases=0`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from detection.rates.farrington import FarringtonOptions

FIRST_DAY = 12_422
"""2004-01-05"""


class Series(NamedTuple):
    """Weekly counts (T,), which of them are missing (T,), and the first day, if the weeks have dates."""

    counts: NDArray[int64]
    missing: NDArray[bool_]
    first_day: int | None


class Answers(NamedTuple):
    """Of one series with one set of options: week, bound, expected, dispersion, p, trend, alarm in a line."""

    series: Series
    options: FarringtonOptions
    table: str

    def rows(self) -> list[tuple[int, list[float]]]:
        """Return the weeks, counted from 1, and their answers; NaN where R has NA."""
        lines = [line.split() for line in self.table.split("\n") if line.strip()]
        return [(int(line[0]), [float(v.replace("NA", "nan")) for v in line[1:]]) for line in lines]


def _series(text: str, first_day: int | None) -> Series:
    counts = np.array(text.split(), int64)
    return Series(counts, np.zeros(len(counts), bool), first_day)


def _with_gaps(series: Series) -> Series:
    before = np.array([30, *range(60, 65), *range(103, 107), 158, *range(209, 213)])
    missing = np.zeros(len(series.counts), bool)
    missing[len(missing) - 1 - before] = True
    return series._replace(missing=missing)


NEWPORT = _series(
    """
    0 0 2 2 1 0 1 1 2 5 1 1 0 0 1 0 3 3 3 1 3 1 1 0 1 3 0 1 1 1 3 1 0 3 3 3 3 2 4 2 3 6 2 3 2 2 3 1
    1 0 4 2 1 3 1 2 2 1 1 1 1 5 2 3 1 0 2 3 3 3 0 3 1 2 7 4 3 3 10 7 6 3 2 0 4 3 5 7 8 3 9 5 2 3 0 4
    1 1 1 1 4 2 1 1 1 1 2 1 1 3 3 2 1 3 1 1 1 4 1 2 2 1 3 3 4 4 3 7 2 3 6 7 8 4 1 3 5 7 3 5 6 2 8 1
    5 7 1 4 2 3 4 9 7 3 4 6 4 2 2 5 5 5 1 2 0 3 2 3 4 5 5 1 1 1 1 2 4 2 3 3 6 7 0 0 3 5 4 0 2 0 1 7
    6 5 3 5 1 2 4 3 3 3 4 4 13 6 2 1 1 2 0 1 1 4 3 0 1 0 0 4 1 1 2 2 2 3 0 4 2 3 3 1 2 3 3 3 2 2 8 8
    2 5 3 2 4 1 3 3 4 1 5 6 5 3 3 1 2 4 1 4 0 4 0 3 2 0 0 1 1 0 1 2 2 0 1 0 1 6 2 1 5 1 2 1 0 5 0 0
    3 1 2 4 3 2 3 6 4 3 2 2 2 4 7 7 3 3 1 6 1 1 1 0 0 0 1 1 2 3 1 3 1 1 1 1 0 3 1 1 1 1 1 1 0 2 2 1
    2 2 2 3 3 1 2 0 3 1 3 1 2 1 2 0 0 4 3 3 5 3 1 1 1 3 3 1 2 1 0 3 3 3 1 0 0 0 1 3 0 2 2 3 3 0 3 2
    1 2 1 1 0 3 1 2 0 0 2 5 2 0 3 6 1 2 1 2 0 2 0 3 9 41 45 17 3 3 5 11 5 4 5 2 6 3 0 5 3 3 4 1 1 3
    0 0 1 1 2 2 0 1 0 2 4 1 6 3 3 0 3 6 1 5 1 2 3 7 2 7 3 2 4 8 1 2 4 3 2 4 3 0 0 1 1 2 2 1 0 1 0 1
    1 0 1 1 1 2 1 3 0 0 1 0 2 2 3 2 3 3 0 1 1 0 1 3 0 2 3 2 5 3 2 7 3 3 2 2 0 0 3 2 3 2 7 0 0 2 2 1
    2 4
    """,
    FIRST_DAY,
)

BERLIN = _series(
    """
    0 0 0 0 0 0 0 1 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 1 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 1 0 0 1 0 0 1 0 0 0 0 0 0 1 0 1 0 0 0 0 0 0 0 0 0
    1 0 0 0 0 2 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 1 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 1 0 1 0
    1 0 0 0 0 0 0 0 0 1 2 4 2 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 1
    0 0 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 1 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2 7 9 1 0 0 0 0 0 0 0 0 0 1 0 0 0 0 1 0 0 0 0 0
    0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 1 0 0 0 0 1 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
    """,
    FIRST_DAY,
)

AGONA = _series(
    """
    1 0 5 2 1 2 0 4 0 0 0 3 1 1 0 0 2 2 0 2 6 3 2 1 2 0 1 1 3 5 3 4 3 6 5 8 6 3 6 2 5 2 1 5 7 1 10 3
    4 0 0 1 6 0 2 2 0 0 2 2 0 6 7 1 0 0 0 1 1 4 3 1 3 2 6 3 4 4 8 12 9 17 16 8 6 13 4 7 10 3 11 4 6
    4 7 6 2 9 2 3 4 1 2 2 0 0 1 2 2 2 5 0 0 4 2 1 3 2 0 1 1 3 0 1 3 2 3 6 2 1 3 3 2 2 2 1 3 3 2 3 0
    2 4 6 7 3 1 4 1 2 5 1 3 1 0 1 3 3 0 0 1 1 0 1 4 1 1 0 0 1 1 4 1 0 1 2 1 4 3 3 0 3 5 3 3 4 3 3 3
    4 5 7 6 5 3 2 1 3 2 1 2 1 1 0 0 1 1 0 1 4 3 2 0 1 0 3 1 1 4 4 0 1 4 2 0 1 1 0 1 1 2 5 4 0 2 1 1
    3 6 1 7 6 2 5 7 5 4 5 6 6 1 2 2 5 4 1 6 2 5 3 4 7 6 10 2 4 0 3 0 1 3 0 1 1 0 1 0 1 0 1 2 2 4 7 6
    1 4 6 4 2 4 5 5 9 8 6 3 2 3 4 3 3 4 4 2 1 2 3 2 2 0 4
    """,
    None,
)

NEWPORT_WITH_GAPS = _with_gaps(NEWPORT)
AGONA_WITH_GAPS = _with_gaps(AGONA)

ANSWERS = [
    Answers(
        NEWPORT,
        FarringtonOptions(),
        """
        483 NA NA 1 0.62069307167 0 0
        500 NA NA 1.6499020124 0.92818726244 1 0
        511 9.5230646729 3.4488448477 2.666531521 0.55993187121 0 0
        528 4.8249296998 1.6857142857 1.4227351732 0.10359563528 0 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(alpha=0.01, power="none", trend=False),
        """
        483 NA NA 1 0.61529865411 0 0
        500 NA NA 1.6966300075 0.8882781593 0 0
        511 10.532809077 3.4488448477 2.666531521 0.55859145337 0 0
        528 5.3188220352 1.6857142857 1.4227351732 0.069185969495 0 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(power="1/2", years=3, half_width=2),
        """
        483 NA NA 1.0000008914 0.6398309325 0 0
        500 NA NA 1.766237979 0.98606266597 0 0
        511 9.1891912703 2.8 2.6632782701 0.47164551918 0 0
        528 5.3968043421 1.6 1.5892978856 0.12659756682 0 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(reweight=False, alpha=0.005),
        """
        483 NA NA 1 0.62032890787 0 0
        500 NA NA 1.6966300075 0.96490471524 0 0
        511 31.042171358 4.4285714307 10.351361801 0.58753908448 0 0
        528 7.0670411836 1.6857142857 1.4227351732 0.10488829075 0 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(periods=10, trend_alpha=1, past_weeks=26, threshold="nbPlugin"),
        """
        483 NA NA 1.5725300873 0.7067850816 1 0
        500 NA NA 1.8427335042 1 1 0
        511 9 3.9503680293 1.8136717907 0.66453436065 1 0
        528 5 1.857152878 1.80139948 0.1617717617 1 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(
            periods=10, trend_alpha=1, past_weeks=26, threshold="muan", alpha=0.01, years=4
        ),
        """
        483 NA NA 1.6265432812 0.88957743477 1 0
        500 NA NA 1.8608229709 1 1 0
        511 16 4.3140245049 1.9333757152 0.85871724859 1 0
        528 10 2.0699728729 1.8341359105 0.35246061156 1 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(periods=5, weights_threshold=1, alpha=0.001),
        """
        483 NA NA 1.445903531 0.60112636584 0 0
        500 NA NA 1.4472333234 0.97243321571 0 0
        511 12.465065014 3.3971910632 1.5006422815 0.57074467375 0 0
        528 8.7038530291 1.6427194191 1.5873135647 0.10984179526 0 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(
            years=4, half_width=5, periods=4, past_weeks=10, threshold="nbPlugin", trend=False
        ),
        """
        483 NA NA 1.9524512803 0.64575497663 0 0
        500 NA NA 1.9260033902 1 0 0
        511 8 3.4287337778 1.8272479909 0.58388352299 0 0
        528 5 1.6590909091 1.8349735359 0.13484537123 0 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(trend_alpha=0.5, periods=10, alpha=1e-4, past_weeks=0),
        """
        340 11.778279175 2.5714985296 1.2746013365 0.40946527174 1 0
        345 11.121819152 2.3278913692 1.2596146797 0.35455258412 1 0
        360 10.176888165 2.0381406862 1.2072312314 0.76776592269 1 0
        400 9.3739474816 1.7630785111 1.1843817484 0.010879945521 1 0
        """,
    ),
    Answers(
        NEWPORT,
        FarringtonOptions(limit_cases=0, years=2, periods=10, threshold="nbPlugin"),
        """
        112 5 1.7142857143 1.2888988213 0.48317930601 0 0
        120 4 1.5714285714 1.1306407081 0.45430517917 0 0
        140 8 4.0714285714 1.0179273222 0.38498649506 0 0
        """,
    ),
    Answers(
        AGONA,
        FarringtonOptions(),
        """
        268 5.604976024 1.6571428576 2.1278406263 0.26204217009 0 0
        280 NA NA 1 0.48533898353 1 0
        295 8.5408999481 3.8804345114 1.5019043026 0.070346493749 1 0
        312 10.668897618 4.5881300692 1.8689912391 0.57548400227 1 0
        """,
    ),
    Answers(
        AGONA,
        FarringtonOptions(trend_alpha=1, power="1/2"),
        """
        268 6.4360797267 1.605080946 2.1827806106 0.27345069453 1 0
        280 NA NA 1 0.4853854487 1 0
        295 8.9540854327 3.8804345114 1.5019043026 0.083613973384 1 0
        312 11.257300188 4.5881300692 1.8689912391 0.57632974533 1 0
        """,
    ),
    Answers(
        AGONA,
        FarringtonOptions(
            periods=10, trend_alpha=1, past_weeks=26, threshold="nbPlugin", weights_threshold=1
        ),
        """
        268 3 0.9683050019 1.3566905464 0.09905749115 1 0
        280 NA NA 1.3104784526 0.71283287078 1 0
        295 8 3.6614852648 1.4192959055 0.06194939412 1 0
        312 4 1.5363594053 1.4258725417 0.10107593304 1 0
        """,
    ),
    Answers(
        AGONA,
        FarringtonOptions(years=1),
        """
        57 NA NA 1.8333392796 0.93493288921 0 0
        60 NA NA 2.333333424 0.29474945691 0 0
        80 5.5496211285 2.1428571429 1.3111112951 3.1872206192e-05 0 1
        """,
    ),
    Answers(
        BERLIN,
        FarringtonOptions(limit_cases=0),
        """
        290 1.125480472 0.11428571429 1 0.67638478732 0 0
        310 2.5663209435 0.28571428573 2.382376123 0.68980089919 0 0
        330 1.0437753513 0.085714285714 1 0.6491946558 0 0
        338 1.2063654558 0.14285714286 1 0.6994081474 0 0
        """,
    ),
    Answers(
        BERLIN,
        FarringtonOptions(limit_cases=0, years=1, threshold="nbPlugin"),
        """
        60 1 0.14285714286 1.0000000619 1 0 0
        75 0 2.7894680929e-11 1 2.7894680928e-11 0 1
        76 0 2.7894680929e-11 1 1 0 0
        100 1 0.14285714286 1.0000000619 1 0 0
        """,
    ),
    Answers(
        BERLIN,
        FarringtonOptions(limit_cases=0, periods=10, threshold="muan", alpha=0.01),
        """
        330 18 0.085714285714 1.067336972 1 0 0
        340 16 0.085714285714 1 1 0 0
        400 37049 0.028571428572 1.1496034208 1 0 0
        """,
    ),
]

ANSWERS_WITH_GAPS = [
    Answers(
        NEWPORT_WITH_GAPS,
        FarringtonOptions(),
        """
        490 NA NA 1.045875236 0.93474446513 1 0
        505 6.1718421537 2.8 1.1092437034 0.45556753324 0 0
        528 4.647250212 1.4615384616 1.6000124867 0.087917205866 0 0
        """,
    ),
    Answers(
        NEWPORT_WITH_GAPS,
        FarringtonOptions(periods=10, trend_alpha=1, past_weeks=26, threshold="nbPlugin"),
        """
        490 NA NA 1.7855138432 1 1 0
        505 8 3.3339646856 1.8094506577 0.56946660685 1 0
        528 5 1.6572758445 1.8375515521 0.13467998573 1 0
        """,
    ),
    Answers(
        NEWPORT_WITH_GAPS,
        FarringtonOptions(periods=5, weights_threshold=1, alpha=0.001),
        """
        490 NA NA 1.4722419372 0.94823451146 0 0
        505 11.087707161 2.7692911863 1.4892317848 0.45569036775 0 0
        528 8.1658706189 1.3816879196 1.644227154 0.080068629538 0 0
        """,
    ),
    Answers(
        AGONA_WITH_GAPS,
        FarringtonOptions(trend_alpha=1, power="1/2"),
        """
        290 9.6067106493 2.7063507816 3.0537196113 0.60300202587 1 0
        300 9.0332114419 3.7338050544 1.6193410829 0.45868376819 1 0
        305 5.3639368812 1.513957957 1.6719797827 0.3903280813 1 0
        """,
    ),
    Answers(
        AGONA_WITH_GAPS,
        FarringtonOptions(periods=10, trend_alpha=1, past_weeks=26, threshold="muan"),
        """
        290 9 3.1667384272 1.7144891687 0.81462878691 1 0
        300 9 3.0182442397 1.80628573 0.45981101442 1 0
        305 7 2.1312120524 1.7765882561 0.65017915925 1 0
        """,
    ),
]
