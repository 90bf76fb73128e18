#!/usr/bin/env python3
"""WeChat for AIOS on the client library `weilink`: JSON-RPC lines on stdin and stdout.

weilink polls, sends, and keeps the cursor and the context tokens in its own files. This file does
the rest of an adapter: it validates, gates, normalises and reports. It keeps no memory of its own,
so what weilink forgets (redelivered messages, repeated actions) is forgotten.
"""

import hashlib
import http.client
import json
import os
import queue
import sys
import threading
import urllib.error
import uuid
from datetime import datetime, timezone
from pathlib import Path

import fastjsonschema
from weilink import WeiLink
from weilink._protocol import ILinkError, QuotaExhaustedError, SessionExpiredError, TextTooLongError

SCHEMAS = Path(__file__).resolve().parents[3] / "spec" / "schema"
ACTIONS = {"message": "MessageAction", "status": "StatusAction", "error": "ErrorAction",
           "approval_request": "ApprovalRequestAction"}
FEATURES = ["message", "voice_to_text", "attachment_meta", "context_cache", "approval_request", "typing"]


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({"data": data} if data else {})


def invalid(pointer, message):
    return Refused(-32602, message, {"pointer": pointer, "message": message})


def validate(kind, document, branch=None):
    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text())
    if branch:  # a validator cannot point into a choice, so the choice is made for it
        schema = {"$defs": schema["$defs"], "$ref": f"#/$defs/{branch}"}
    try:
        fastjsonschema.validate(schema, document)
    except fastjsonschema.JsonSchemaValueException as fault:
        # The words of the validator quote the document, so they are not passed on.
        raise invalid("".join(f"/{part}" for part in fault.path[1:]), f"breaks `{fault.rule}`") from None


def moment(ms=None):
    at = datetime.now(timezone.utc) if ms is None else datetime.fromtimestamp(ms / 1000, timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


class Adapter:
    def __init__(self):
        self.write_lock = threading.Lock()
        self.answers = {}
        self.stopping = threading.Event()
        self.stream, self.seq = f"st-{uuid.uuid4()}", 0
        self.started = self.greeted = False
        self.client, self.state, self.seen, self.errors = None, "stopped", None, {}

    # --- the line to AIOS -------------------------------------------------------------------

    def write(self, **frame):
        with self.write_lock:
            sys.stdout.buffer.write(json.dumps({"jsonrpc": "2.0", **frame}).encode() + b"\n")
            sys.stdout.buffer.flush()

    def serve(self):
        for line in sys.stdin.buffer:
            frame = json.loads(line)
            if "method" not in frame:
                self.answers.pop(frame["id"]).put(frame)
            elif frame["method"] == "act":  # may take long, and must not hold up `health` or `stop`
                threading.Thread(target=self.answer, args=(frame,), daemon=True).start()
            else:
                self.answer(frame)
        os._exit(0)  # a poll may be out for half a minute yet

    def answer(self, frame):
        try:
            call = {"initialize": self.initialize, "start": self.start, "act": self.act, "health": self.health,
                    "audit": self.audit, "stop": self.stop}.get(frame["method"])
            if call is None:
                raise Refused(-32601, "no such method")
            if frame["method"] in ("act", "audit") and not self.started or not (self.greeted or call == self.initialize):
                raise Refused(-32004, "not started")
            self.write(id=frame["id"], result=call(frame.get("params") or {}))
        except Refused as refused:
            self.write(id=frame["id"], error=refused.error)

    # --- calls of AIOS ----------------------------------------------------------------------

    def initialize(self, params):
        if params.get("protocol_version") != 1:
            raise Refused(-32005, "only version 1 is spoken", {"supported": [1]})
        self.greeted = True
        return {"protocol_version": 1, "capabilities": {
            "adapter_id": "aios-weilink", "adapter_version": "0.1.0", "supported_targets": ["wechat"],
            "supported_features": FEATURES, "health": self.state}}

    def start(self, params):
        if self.started:
            raise Refused(-32003, "already started")
        validate("start", params)
        document = params["integration"]
        self.auth, self.route, self.config = document["auth"], document["route"], document["config"]
        self.policy = {"owner_only": False, "pairing_required": False, "dedup_window_sec": 3600} | document.get("policy", {})
        if self.config.get("transport_mode") == "webhook":
            raise invalid("/integration/config/transport_mode", "v0 only polls")
        if self.policy["pairing_required"]:
            raise invalid("/integration/policy/pairing_required", "pairing is not supported")
        account = params["secrets"].get(self.auth["credential_ref"])
        if account is None:
            raise invalid("/integration/auth/credential_ref", "no such secret")
        self.started, self.channel, self.bot = True, document["channel_id"], account["bot_id"]
        if not document["enabled"]:
            return {}
        folder = Path(params["state_dir"]) / self.config["cursor_key"]
        damaged = self.log_in(folder / "default" / "token.json", account, params["transport"]["base_url"])
        self.client, self.state = WeiLink(base_path=folder), "healthy"
        threading.Thread(target=self.poll, args=(damaged,), daemon=True).start()
        return {}

    def log_in(self, path, account, base_url):
        """Writes the account where weilink looks for it, the cursor of the last time kept."""
        cursor, damaged = "", False
        try:
            cursor = json.loads(path.read_text())["cursor"]
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError):
            damaged = True
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**account, "base_url": base_url, "cursor": cursor}))
        return damaged

    def health(self, _params):
        report = {"health": self.state, "recent_errors": sorted(self.errors.values(), key=lambda e: e["last_at"], reverse=True)}
        if self.seen:
            report["last_seen_at"] = self.seen
        if self.errors:
            report["last_error_code"] = report["recent_errors"][0]["code"]
        return report

    def audit(self, _params):
        return {"auth": self.auth, "policy": self.policy}

    def stop(self, _params):
        self.stopping.set()
        self.state = "stopped"
        threading.Timer(2, os._exit, [0]).start()
        return {}

    def act(self, action):
        kind = action.get("event_type")
        if kind not in ACTIONS:
            raise invalid("/event_type", "no such action")
        validate("outbound-action", action, ACTIONS[kind])
        for name in ("workspace_id", "agent_id"):
            if action[name] != self.route[name]:
                raise invalid(f"/{name}", "not the route of this channel")
        payload, owner = action["payload"], self.auth.get("owner_user_id")
        if kind == "status":
            return self.show_typing(action)
        recipient = owner if kind == "approval_request" else payload["recipient"]
        if recipient is None:
            return self.receipt(action, code="no_owner")
        if not self.admits(recipient):
            return self.receipt(action, code="access_denied")
        if not self.config.get("context_cache", False) and kind != "approval_request" and "reply_to" not in payload:
            return self.receipt(action, code="context_unavailable")
        limit = self.config.get("message_chunk_limit", 2000)
        chunks = [payload["text"][at:at + limit] for at in range(0, len(payload["text"]), limit)]
        for sent, chunk in enumerate(chunks):
            try:
                result = self.client.send(recipient, chunk)
                # weilink says how many sends are left, unless it had no context token to send with.
                code = None if result else "context_unavailable" if result.remaining is None else "wechat_error"
            except QuotaExhaustedError:
                code = "context_unavailable"
            except TextTooLongError:
                code = "unsupported"
            except ValueError:
                code = "malformed_answer"
            except (OSError, http.client.HTTPException):
                code = "timeout"
            if code:
                self.fail(code)
                return self.receipt(action, sent, len(chunks), code)
        return self.receipt(action, len(chunks), len(chunks))

    def show_typing(self, action):
        recipient, code = action["payload"]["recipient"], None
        if action["status_code"].startswith("pairing_"):
            return self.receipt(action, code="unsupported")
        if not self.admits(recipient):
            return self.receipt(action, code="access_denied")
        try:
            (self.client.send_typing if action["status_code"] == "working" else self.client.stop_typing)(recipient)
        except Exception:  # only a sign; weilink raises all kinds of things here
            code = "wechat_error"
        return self.receipt(action, code=code, done="applied")

    def receipt(self, action, sent=0, total=0, code=None, done="delivered"):
        transport = code in ("malformed_answer", "timeout")
        status = done if code is None else "partial" if sent else "unreachable" if transport else "rejected"
        receipt = {"message_id": action["message_id"], "correlation_id": action["correlation_id"], "status_code": status,
                   "chunks_sent": sent, "chunks_total": total, "wechat_message_ids": []}
        return receipt | ({"error_code": code} if code else {})

    # --- messages of WeChat -----------------------------------------------------------------

    def poll(self, damaged):
        if damaged:
            self.report("state_damaged")
        while not self.stopping.is_set():
            try:
                messages = self.client.recv(timeout=25)
            except SessionExpiredError:
                self.fail("session_expired", "unhealthy", pause=60)
            except ILinkError as error:  # weilink pauses by itself
                self.fail("http_status" if isinstance(error.__cause__, urllib.error.HTTPError) else "connect_failed")
            except ValueError:
                self.fail("malformed_answer", pause=1)
            except http.client.HTTPException:
                self.fail("connect_failed", pause=1)
            except Exception as error:
                print(f"weilink raised {type(error).__name__}", file=sys.stderr)
                self.fail("malformed_message", pause=1)
            else:
                self.state, self.seen = "healthy", moment()
                for message in messages:
                    self.hand_on(message)

    def fail(self, code, state="degraded", pause=0):
        self.state, now = state, moment()
        entry = self.errors.setdefault(code, {"code": code, "first_at": now, "count": 0})
        entry |= {"last_at": now, "count": entry["count"] + 1}
        self.stopping.wait(pause)

    def report(self, code):
        self.fail(code, self.state)
        self.send_event({"session_id": f"channel:{self.channel}", "event_type": "status", "status_code": code, "payload": {}})

    def admits(self, person):
        allowed = [] if self.policy["owner_only"] else self.auth.get("allowlist", [])
        return person == self.auth.get("owner_user_id") or person in allowed

    def hand_on(self, message):
        if message.message_id is None:
            return self.fail("malformed_message", self.state)
        event = {"session_id": "s-" + digest(self.bot, message.from_user), "message_id": str(message.message_id),
                 "dedup_key": "wx-" + digest(message.from_user, str(message.message_id)),
                 "timestamp": moment(message.timestamp or None)}
        payload = {"sender": message.from_user}
        try:
            kind, status, content = self.normalise(message) if self.admits(message.from_user) else ("status", "access_denied", {})
        except ValueError:
            kind, status, content = "status", "malformed", {}
        self.send_event(event | {"event_type": kind, "status_code": status, "payload": payload | content})

    def normalise(self, message):
        text, origin, attachment = message.text, "text", {"kind": message.msg_type.name.lower()}
        if message.voice:
            attachment["duration_ms"] = message.voice.playtime
            if self.config.get("voice_to_text", False) and message.voice.text:
                text, origin = message.voice.text, "voice"
        elif message.file:
            attachment |= {"name": message.file.file_name} if message.file.file_name else {}
            attachment |= {"size_bytes": int(message.file.file_size)} if message.file.file_size else {}
            attachment |= {"digest": f"md5:{message.file.md5}"} if message.file.md5 else {}
        elif message.video:
            attachment |= {"digest": f"md5:{message.video.video_md5}"} if message.video.video_md5 else {}
        elif not message.image:
            attachment["kind"] = "unknown"
        quoted = {"quoted": {"kind": message.ref_msg.msg_type.name.lower()}} if message.ref_msg else {}
        if text is None:
            return "attachment_meta", "forwarded", {"attachments": [attachment]} | quoted
        if not 1 <= len(text.encode("utf-32-le")) // 4 <= 65536:  # encoding refuses lone surrogates
            raise ValueError("text out of bounds")
        return "message", "forwarded", {"origin": origin, "text": text} | quoted

    def send_event(self, fields):
        self.seq += 1
        event = {"channel_type": "dialog", "target": "wechat", "workspace_id": self.route["workspace_id"],
                 "agent_id": self.route["agent_id"], "stream_id": self.stream, "seq": self.seq,
                 "timestamp": moment(), "correlation_id": str(uuid.uuid4())} | fields
        while not self.stopping.is_set():
            answer = queue.SimpleQueue()
            name = str(uuid.uuid4())
            self.answers[name] = answer
            self.write(id=name, method="event", params=event)
            error = answer.get().get("error")
            if error is None:
                return
            if error["code"] != -32002:
                return self.fail("event_refused", self.state)
            self.fail("aios_unavailable", self.state, pause=error["data"]["retry_after_ms"] / 1000)
            event["retry_count"] = event.get("retry_count", 0) + 1


Adapter().serve()
