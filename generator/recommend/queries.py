"""The queries that count what readers did, as text. Only these; `counting` runs them with DuckDB, `engines` anywhere else.

They read one table, `signals`, with the columns of `interactions.COLUMNS`, and keep to what SQL dialects have in common: Ibis says
them in the author's engine's own.

- An interaction is a reader and a lesson with a weight, the sum of what `WEIGHTS` gives each kind of signal, at most
  MOST_WEIGHT; below LEAST_WEIGHT it is none (a click that led to no reading). Its time is the earliest, because what somebody
  took up when is what a split by time asks. Signals that name no lesson or nobody count nowhere.
- A pair is two lessons and how many readers took up both. A reader counts with the latest LONGEST_HISTORY lessons: the few
  who read everything would be most of the work and say least.
- Pairs shared by fewer than LEAST_READERS readers are not in the answer: whatever is made of pairs cannot publish what it
  never had.
"""

from __future__ import annotations

# ruff: noqa: S608 - every part of these texts is a constant of this module
from collections.abc import Mapping

from generator.recommend.interactions import KINDS, NO_TIME

# What one signal of a kind is worth, in SQL over `value`: depth is a share, time is in seconds.
WEIGHTS: Mapping[str, str] = {
    "view": "1.0",
    "depth": "CASE WHEN value > 1 THEN 1.0 WHEN value > 0 THEN value ELSE 0.0 END",
    "time": "CASE WHEN value > 360 THEN 2.0 WHEN value > 0 THEN value / 180.0 ELSE 0.0 END",
    "finished": "3.0",
    "copied": "1.0",
    "clicked": "0.5",
    "bought": "3.0",
    "comment": "2.0",
}
LEAST_WEIGHT = 1.0
MOST_WEIGHT = 10.0
LEAST_READERS = 5  # pairs shared by fewer are never published
LONGEST_HISTORY = 100

_WEIGHT = (
    "CASE kind "
    + " ".join(f"WHEN '{kind}' THEN {worth}" for kind, worth in WEIGHTS.items())
    + " ELSE 0.0 END"
)

# Readers and lessons become numbers first: grouping by two numbers costs a quarter of grouping by two texts.
_CODES = """
readers AS (
  SELECT reader, ROW_NUMBER() OVER (ORDER BY reader) - 1 AS code FROM (SELECT DISTINCT reader FROM signals WHERE reader IS NOT NULL) AS named
),
lessons AS (
  SELECT lesson, ROW_NUMBER() OVER (ORDER BY lesson) - 1 AS code FROM (SELECT DISTINCT lesson FROM signals WHERE lesson IS NOT NULL) AS named
)"""
_TAKEN = f"""
taken AS (
  SELECT CAST(readers.code AS INTEGER) AS reader, CAST(lessons.code AS INTEGER) AS lesson,
         COALESCE(MIN(signals."at"), {NO_TIME}) AS "at",
         CASE WHEN SUM({_WEIGHT}) > {MOST_WEIGHT} THEN {MOST_WEIGHT} ELSE SUM({_WEIGHT}) END AS weight
  FROM signals JOIN readers ON signals.reader = readers.reader JOIN lessons ON signals.lesson = lessons.lesson
  GROUP BY readers.code, lessons.code
  HAVING SUM({_WEIGHT}) >= {LEAST_WEIGHT}
)"""
LATEST = f"""
latest AS (
  SELECT reader, lesson FROM (
    SELECT reader, lesson, ROW_NUMBER() OVER (PARTITION BY reader ORDER BY "at" DESC, lesson) AS place FROM taken
  ) AS placed WHERE place <= {LONGEST_HISTORY}
)"""
PAIRS_OF_LATEST = f"""
SELECT one.lesson AS lesson, other.lesson AS other, COUNT(*) AS readers
FROM latest AS one JOIN latest AS other ON one.reader = other.reader AND one.lesson < other.lesson
GROUP BY one.lesson, other.lesson
HAVING COUNT(*) >= {LEAST_READERS}"""

INTERACTIONS = f'WITH {_CODES}, {_TAKEN} SELECT reader, lesson, "at", weight FROM taken'
PAIRS = f"WITH {_CODES}, {_TAKEN}, {LATEST} {PAIRS_OF_LATEST}"
LESSONS = f"WITH {_CODES} SELECT lesson, code FROM lessons"
READERS = f"WITH {_CODES} SELECT COUNT(*) AS readers FROM readers"

# Signals with a reader and a time, each text as its place among all the texts of its column.
_SAID = 'reader IS NOT NULL AND "at" IS NOT NULL'
_CODED = ("reader", "lesson", "list", "variant")
NAMES = {
    column: "SELECT name, ROW_NUMBER() OVER (ORDER BY name) - 1 AS code FROM "
    f'(SELECT DISTINCT "{column}" AS name FROM signals WHERE "{column}" IS NOT NULL AND {_SAID}) AS named'
    for column in _CODED
}
_JOINED = " ".join(
    f'LEFT JOIN ({NAMES[column]}) AS {column}s ON signals."{column}" = {column}s.name' for column in _CODED
)
EVENTS = (
    "SELECT "
    + ", ".join(f'CAST(COALESCE({column}s.code, -1) AS INTEGER) AS "{column}"' for column in _CODED)
    + ", CASE kind "
    + " ".join(f"WHEN '{kind}' THEN {place}" for place, kind in enumerate(KINDS))
    + ' ELSE -1 END AS kind, "at", value, COALESCE(place, 0) AS place '
    + f"FROM signals {_JOINED} WHERE {_SAID.replace('reader', 'signals.reader')}"
)

# What tells, at the price of one scan, that the signals may be others: how many, their times, and (after other pseudonyms) their readers.
STATE = """
SELECT COUNT(*) AS signals, MAX("at") AS latest, CAST(SUM("at" % 1000003) AS BIGINT) AS times,
       MIN(reader) AS first_reader, MAX(reader) AS last_reader
FROM signals"""
