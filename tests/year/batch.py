"""The batch computation of a year's events, levels and counts, in SQL over the truth about the records.

It shares no code with the agent. It reads what every record finally says, puts records together by their
links, and counts. See `tests.year.district` for the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from typing import NamedTuple

import duckdb

from tests.year.district import AGENCIES, Supplied

_TABLE = """
CREATE TABLE message (
  seq INTEGER, erased BOOLEAN, agency TEXT, dataset TEXT, record TEXT, domestic BOOLEAN, day DATE,
  minute INTEGER, household TEXT, victim TEXT, suspect TEXT, crime TEXT, incident TEXT, grade TEXT,
  withdrawn BOOLEAN);
CREATE TABLE visible (agency TEXT)
"""

_EVENTS = """
CREATE TABLE final AS
  SELECT DISTINCT ON (dataset, record) *, day::TIMESTAMP + to_minutes(COALESCE(minute, 0)) AS moment
  FROM message ORDER BY dataset, record, seq DESC;
DELETE FROM final WHERE erased OR NOT domestic;
CREATE TABLE person AS
  SELECT crime, victim, suspect FROM final
  WHERE dataset IN ('police-crime-victim', 'police-crime-offender');
CREATE TABLE fact AS
  SELECT row_number() OVER (ORDER BY dataset, record) AS id, * FROM final
  WHERE dataset IN ('police-incident', 'police-crime-offence', 'hospital-assault', 'ambulance-call',
                    'fire-incident');
-- The victims and suspects of each record: its own, and those of the files of its crime.
CREATE TABLE role AS
  SELECT id, 'victim' AS role, victim AS who FROM fact WHERE victim IS NOT NULL
  UNION SELECT id, 'suspect', suspect FROM fact WHERE suspect IS NOT NULL
  UNION SELECT id, 'victim', p.victim FROM fact JOIN person p USING (crime) WHERE p.victim IS NOT NULL
  UNION SELECT id, 'suspect', p.suspect FROM fact JOIN person p USING (crime) WHERE p.suspect IS NOT NULL;
-- A crime names its incident.
CREATE TABLE named AS
  SELECT c.id, i.id AS to_id FROM fact c JOIN fact i
    ON c.incident = i.record AND c.dataset = 'police-crime-offence' AND i.dataset = 'police-incident';
INSERT INTO role SELECT to_id, role, who FROM named JOIN role USING (id) EXCEPT SELECT * FROM role;
-- An incident without a time has the time of the crime that names it.
CREATE TABLE clock AS
  SELECT f.id, COALESCE(
    any_value(CASE WHEN f.minute IS NOT NULL THEN epoch(f.moment) END),
    min(CASE WHEN c.minute IS NOT NULL THEN epoch(c.moment) END)) AS second
  FROM fact f LEFT JOIN named n ON n.to_id = f.id LEFT JOIN fact c ON c.id = n.id GROUP BY f.id;
-- Records of different datasets about one household or victim, no more than 12 hours apart. Two with a time
-- are nearer than any without one.
CREATE TABLE near AS
  SELECT a.id, b.id AS to_id, b.dataset,
         COALESCE(abs(x.second - y.second), 1000000) AS apart
  FROM fact a JOIN clock x ON x.id = a.id
  JOIN fact b ON a.dataset <> b.dataset JOIN clock y ON y.id = b.id
  WHERE (a.household = b.household OR EXISTS (
      SELECT 1 FROM role v JOIN role w USING (who)
      WHERE v.id = a.id AND w.id = b.id AND v.role = 'victim' AND w.role = 'victim'))
    AND CASE WHEN x.second IS NULL OR y.second IS NULL THEN a.day = b.day
             ELSE abs(x.second - y.second) <= 12 * 3600 END;
-- Each record belongs to the incident that it names, else to the nearest incident, else to its neighbours.
CREATE TABLE link AS
  SELECT id, to_id FROM named
  UNION
  SELECT id, arg_min(to_id, apart) FROM near
  WHERE dataset = 'police-incident' AND id NOT IN (SELECT id FROM named)
    AND id NOT IN (SELECT id FROM fact WHERE dataset = 'police-incident')
  GROUP BY id
  UNION
  SELECT id, to_id FROM near
  WHERE id NOT IN (SELECT id FROM near WHERE dataset = 'police-incident')
    AND to_id NOT IN (SELECT id FROM near WHERE dataset = 'police-incident')
    AND id NOT IN (SELECT id FROM named) AND to_id NOT IN (SELECT id FROM named)
    AND dataset <> 'police-incident';
CREATE TABLE member AS
  WITH RECURSIVE both_ways AS (SELECT id, to_id FROM link UNION SELECT to_id, id FROM link),
  reached(id, of) AS (
    SELECT id, id FROM fact
    UNION
    SELECT b.to_id, r.of FROM reached r JOIN both_ways b ON b.id = r.id)
  SELECT id, min(of) AS event FROM reached GROUP BY id;
CREATE TABLE event AS
  SELECT event, min(day) AS day,
         min(CASE WHEN minute IS NOT NULL THEN epoch(moment) END) AS instant,
         list_sort(list(DISTINCT dataset)) AS datasets,
         list_sort(list(dataset || ' ' || record)) AS records
  FROM member JOIN fact USING (id) GROUP BY event;
CREATE TABLE home AS
  SELECT DISTINCT event, household FROM member JOIN fact USING (id) WHERE household IS NOT NULL;
CREATE TABLE party AS SELECT DISTINCT event, role, who FROM member JOIN role USING (id);
CREATE TABLE pair AS
  SELECT DISTINCT v.event, v.who AS victim, s.who AS suspect
  FROM party v JOIN party s ON v.event = s.event AND v.role = 'victim' AND s.role = 'suspect';
-- The same, as the records of the visible agencies alone tell it.
CREATE TABLE seen AS
  SELECT id, event FROM member JOIN fact USING (id) WHERE agency IN (SELECT agency FROM visible);
CREATE TABLE seen_home AS
  SELECT DISTINCT event, household FROM seen JOIN fact USING (id) WHERE household IS NOT NULL;
CREATE TABLE seen_party AS SELECT DISTINCT event, role, who FROM seen JOIN role USING (id);
CREATE TABLE seen_pair AS
  SELECT DISTINCT v.event, v.who AS victim, s.who AS suspect
  FROM seen_party v JOIN seen_party s ON v.event = s.event AND v.role = 'victim' AND s.role = 'suspect';
CREATE TABLE earlier AS
  SELECT a.event, b.event AS before FROM event a JOIN event b
    ON b.event <> a.event AND b.day >= a.day - 365
    AND (b.day, COALESCE(b.instant, -1)) < (a.day, COALESCE(a.instant, -1));
CREATE TABLE referral AS
  SELECT record, day, household, victim, suspect, grade FROM final
  WHERE dataset = 'marac-referral' AND NOT withdrawn;
"""

_COUNTS = """
WITH
at_home AS (
  SELECT e.event, count(DISTINCT e.before) AS n FROM earlier e
  JOIN seen_home a ON a.event = e.event JOIN seen_home b ON b.event = e.before AND a.household = b.household
  GROUP BY e.event),
at_each_home AS (
  SELECT e.event, count(DISTINCT e.before) AS n FROM earlier e
  JOIN home a ON a.event = e.event JOIN home b ON b.event = e.before AND a.household = b.household
  GROUP BY e.event),
of_each_victim AS (
  SELECT e.event, a.who, count(DISTINCT e.before) AS n FROM earlier e
  JOIN party a ON a.event = e.event AND a.role = 'victim'
  JOIN party b ON b.event = e.before AND b.role = 'victim' AND a.who = b.who
  GROUP BY ALL),
of_victims AS (
  SELECT e.event, count(DISTINCT e.before) AS n FROM earlier e
  JOIN seen_party a ON a.event = e.event AND a.role = 'victim'
  JOIN seen_party b ON b.event = e.before AND b.role = 'victim' AND a.who = b.who
  GROUP BY e.event),
same_way AS (
  SELECT e.event, count(DISTINCT e.before) AS n FROM earlier e
  JOIN seen_pair a ON a.event = e.event
  JOIN seen_pair b ON b.event = e.before AND a.victim = b.victim AND a.suspect = b.suspect
  GROUP BY e.event),
other_way AS (
  SELECT e.event, count(DISTINCT e.before) AS n FROM earlier e
  JOIN seen_pair a ON a.event = e.event
  JOIN seen_pair b ON b.event = e.before AND a.victim = b.suspect AND a.suspect = b.victim
  GROUP BY e.event),
with_others AS (
  SELECT e.event, count(DISTINCT e.before) AS n FROM earlier e
  JOIN seen_party a ON a.event = e.event AND a.role = 'suspect'
  JOIN seen_pair b ON b.event = e.before AND b.suspect = a.who
    AND b.victim NOT IN (SELECT who FROM seen_party WHERE event = e.event AND role = 'victim')
  GROUP BY e.event),
either_way AS (
  SELECT e.event, a.victim, a.suspect, count(DISTINCT e.before) AS n FROM earlier e
  JOIN pair a ON a.event = e.event
  JOIN pair b ON b.event = e.before
    AND ((a.victim = b.victim AND a.suspect = b.suspect) OR (a.victim = b.suspect AND a.suspect = b.victim))
  GROUP BY ALL),
referred AS (
  SELECT DISTINCT e.event, r.record, r.suspect, r.grade FROM event e JOIN referral r
    ON r.day <= e.day AND r.day >= e.day - 365
    AND CASE WHEN EXISTS (SELECT 1 FROM party p WHERE p.event = e.event AND p.role = 'victim')
        THEN EXISTS (SELECT 1 FROM party p WHERE p.event = e.event AND p.role = 'victim' AND p.who = r.victim)
        ELSE EXISTS (SELECT 1 FROM home h WHERE h.event = e.event AND h.household = r.household) END),
marac AS (
  SELECT DISTINCT event FROM referred r
  WHERE r.suspect IS NULL
    OR NOT EXISTS (SELECT 1 FROM party p WHERE p.event = r.event AND p.role = 'suspect')
    OR EXISTS (SELECT 1 FROM party p WHERE p.event = r.event AND p.role = 'suspect' AND p.who = r.suspect)),
graded AS (
  SELECT event FROM member JOIN fact USING (id) WHERE grade IN ('high', 'very-high')
  UNION SELECT event FROM referred WHERE grade IN ('high', 'very-high')),
most AS (
  SELECT event, max(n) AS n FROM (
    SELECT event, n FROM at_each_home UNION ALL SELECT event, n FROM of_each_victim
    UNION ALL SELECT event, n FROM either_way) GROUP BY event)
SELECT e.records, e.day, CAST(e.instant // 60 AS BIGINT), e.datasets,
  CASE WHEN e.event IN (SELECT event FROM marac) THEN 'marac-repeat'
       WHEN e.event IN (SELECT event FROM graded) THEN 'high-risk'
       WHEN COALESCE(most.n, 0) + 1 >= 3 THEN 'escalation'
       ELSE 'standard' END,
  COALESCE(at_home.n, 0), COALESCE(of_victims.n, 0), COALESCE(same_way.n, 0), COALESCE(other_way.n, 0),
  COALESCE(with_others.n, 0)
FROM event e
LEFT JOIN at_home USING (event) LEFT JOIN of_victims USING (event) LEFT JOIN same_way USING (event)
LEFT JOIN other_way USING (event) LEFT JOIN with_others USING (event) LEFT JOIN most USING (event)
ORDER BY e.records
"""


class Expected(NamedTuple):
    """One event of the batch computation. `minute` is the local minute since 1970, None if not known."""

    records: tuple[str, ...]
    day: object
    minute: int | None
    datasets: tuple[str, ...]
    level: str
    household: int
    victim: int
    same_direction: int
    other_direction: int
    suspect_with_others: int


def expected(
    supplied: Iterable[Supplied], visible: Iterable[str] = tuple(AGENCIES.values())
) -> list[Expected]:
    """Return all events that the messages finally make, with level and counts.

    The counts are of what the records of the `visible` agencies tell. Levels are of all records.
    """
    rows = [(seq, one.erases, one.agency, *astuple(one.truth)) for seq, one in enumerate(supplied)]
    with duckdb.connect() as database:
        database.execute(_TABLE)
        database.executemany(f"INSERT INTO message VALUES ({', '.join('?' * 15)})", rows)
        database.executemany("INSERT INTO visible VALUES (?)", [[a] for a in sorted(set(visible))])
        database.execute(_EVENTS)
        found = database.execute(_COUNTS).fetchall()
    return [Expected(tuple(row[0]), row[1], row[2], tuple(row[3]), *row[4:]) for row in found]
