"""Runs the questions of docs/queries.md in DuckDB, over the view for DuckDB and over that for Athena, which sqlglot translates.

    python queries.py < {"files": …, "duckdb": SQL, "athena": SQL, "questions": [SQL, …]}   ->   {"duckdb": [rows, …], "athena": [rows, …]}
"""

import json
import sys

import duckdb
import sqlglot

asked = json.load(sys.stdin)
connection = duckdb.connect()


def rows(question):
    cursor = connection.execute(question)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def answers():
    return [rows(question) for question in asked["questions"]]


connection.execute(asked["duckdb"].replace("exchanges.jsonl*", asked["files"]))
found = {"duckdb": answers()}
for question in asked["questions"]:
    sqlglot.parse_one(question, dialect="athena")
connection.execute(sqlglot.transpile(asked["athena"], read="athena", write="duckdb")[0])
found["athena"] = answers()
json.dump(found, sys.stdout, default=float)
