"""Leaves words in a database in every way that SQLite leaves them: a row, a deleted one, a dropped
table, a value that goes on in another page, the log of a process that died. Arguments: a folder, the words."""

import os
import pathlib
import shutil
import sqlite3
import sys

folder, words = pathlib.Path(sys.argv[1]), sys.argv[2]


def database(name):
    (folder / name).mkdir()
    connection = sqlite3.connect(folder / name / "state.db")
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, body TEXT)")
    return connection


def fill(connection):
    rows = [(f"{number} " + "x" * 300,) for number in range(60)]
    rows[30] = (f"see you {words} later " + "y" * 300,)
    connection.executemany("INSERT INTO messages (body) VALUES (?)", rows)
    connection.commit()


row = database("row")
fill(row)
row.close()

(folder / "utf-16").mkdir()
utf16 = sqlite3.connect(folder / "utf-16" / "state.db")
utf16.execute("PRAGMA encoding = 'UTF-16le'")
utf16.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, body TEXT)")
fill(utf16)
utf16.close()

deleted = database("deleted row")
fill(deleted)
deleted.execute("DELETE FROM messages")
deleted.commit()
deleted.close()

dropped = database("dropped table")
fill(dropped)
dropped.execute("DROP TABLE messages")
dropped.commit()
dropped.close()

blob = database("blob")
blob.execute("INSERT INTO messages (body) VALUES (?)", (words.encode(),))
blob.commit()
blob.close()

# A long value goes on in another page: here in the middle of the words.
for before in range(4096):
    name = f"page {before}"
    split = database(name)
    body = "x" * before + words + "y" * (13000 - before)  # so that the page is full at the same place
    split.execute("INSERT INTO messages (body) VALUES (?)", (body,))
    split.commit()
    split.close()
    if words.encode() not in (folder / name / "state.db").read_bytes():
        break
    shutil.rmtree(folder / name)

log = database("write-ahead log")
log.execute("PRAGMA journal_mode = WAL")
fill(log)
os._exit(0)
