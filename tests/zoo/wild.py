"""The adapter behind `--`, with one wild habit: `wild.py HABIT METHOD -- CMD…` shows it when METHOD comes."""

import json
import os
import signal
import subprocess
import sys
import threading

HABIT, METHOD = sys.argv[1:3]
TAME = subprocess.Popen(sys.argv[4:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
OUT, LOCK = sys.stdout.buffer, threading.Lock()
MARKUP = "\x1b[2J\x1b]0;owned\x07</pre><script>alert(1)</script>\u202e]]>&"


def write(data):
    with LOCK:
        OUT.write(data)
        OUT.flush()


def forever():
    while True:
        signal.pause()


def frame(**members):
    return json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n"


def answered(line, request):
    """The tame adapter's answer to the request, as it went wild."""
    if HABIT == "answers-twice":
        return line + line
    if HABIT == "other-id":
        return frame(id="k999", result={})
    if HABIT == "batch":
        return b"[" + line.strip() + b"]\n"
    if HABIT == "half-a-line":
        return line[: len(line) // 2]
    return line


def go_wild(request):
    """What it does when the request comes; says whether the tame one shall see it."""
    if HABIT == "dies":
        print("no more", file=sys.stderr, flush=True)
        os._exit(3)
    if HABIT == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if HABIT == "hangs":
        return False
    if HABIT == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        forever()
    if HABIT == "floods-stdout":
        while True:
            write(frame(id=1, method="event", params={}) * 100)
    if HABIT == "floods-stderr":
        for _ in range(600):
            os.write(2, b"a line of a log that nobody asked for\n" * 2_000)
    if HABIT == "endless-line":
        for _ in range(1_000):
            write(b"a" * 1_000_000)
    if HABIT == "not-utf8":
        write(b"\xff\xfe\n")
    if HABIT == "nested":
        write(b'{"jsonrpc":"2.0","id":"%s","result":' % request["id"].encode() + b"[" * 100_000 + b"]" * 100_000 + b"}\n")
        return False
    if HABIT == "asks":
        for number in range(5_000):
            write(frame(id=f"w{number}", method="sessions/list"))
    if HABIT == "event-first":
        write(frame(id="w", method="event", params={}))
    if HABIT == "markup":
        print(MARKUP, file=sys.stderr, flush=True)
        write(frame(id=request["id"], error={"code": -32000, "message": MARKUP}))
        return False
    if HABIT == "breeds":
        for _ in range(150):
            subprocess.Popen(["sleep", "1000"])
    if HABIT == "hoards":
        for number in range(100):
            try:
                with open(os.path.join(os.environ["HOME"], f"hoard-{number}"), "wb") as hoard:
                    for _ in range(100):
                        hoard.write(bytes(1_000_000))
            except OSError:  # a file may not be as large as it likes
                pass
        forever()
    if HABIT == "leaves-a-child":
        subprocess.Popen(["setsid", "sleep", "1000"])
    if HABIT == "closes-stdin":
        os.close(0)
        forever()
    return True


def speak():
    for line in TAME.stdout:
        answer = json.loads(line)
        request = ASKED.pop(answer.get("id"), None) if "method" not in answer else None
        write(answered(line, request) if request else line)


ASKED = {}
if METHOD == "launch":
    go_wild({"id": "k1"})
threading.Thread(target=speak, daemon=True).start()
for line in iter(sys.stdin.buffer.readline, b""):
    message = json.loads(line)
    if message.get("method") == METHOD:
        ASKED[message["id"]] = message
        if not go_wild(message):
            continue
    TAME.stdin.write(line)
    TAME.stdin.flush()
TAME.stdin.close()
TAME.wait(5)
os._exit(0)
