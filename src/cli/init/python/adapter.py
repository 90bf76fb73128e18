#!/usr/bin/env python3
"""A small WeChat adapter for AIOS: JSON-RPC lines on stdin and stdout, HTTP to WeChat.

It forwards the texts of people who are admitted, and brings AIOS's answers to them. README.md
says how to judge it and what to add next.
"""

import hashlib
import http.client
import json
import os
import queue
import socket
import sys
import threading
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({"data": data} if data else {})


def invalid(pointer, message):
    return Refused(-32602, message, {"pointer": pointer, "message": message})


def require(document, pointer, *members):
    for member in members:
        if member not in document:
            raise invalid(pointer, f"`{member}` is missing")


class Adapter:
    def __init__(self):
        self.phase, self.state = "fresh", "stopped"
        self.stream, self.seq = f"st-{uuid.uuid4()}", 0
        self.write_lock, self.batch, self.phase_lock = threading.Lock(), threading.Lock(), threading.Lock()
        self.held = None  # the connection of a poll, so that a stop can end it
        self.replies = {}  # what AIOS says to our events, by request id
        self.contexts = {}  # the context token that each message came with

    # --- the line to AIOS: every message on one line, flushed; logs go to stderr ---

    def write(self, **message):
        with self.write_lock:
            print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

    def serve(self):
        for line in sys.stdin:
            message = json.loads(line)
            if "method" not in message:
                self.replies.pop(message["id"]).put(message)
            elif message["method"] == "act":  # sending takes time, and must not hold up the next line
                threading.Thread(target=self.answer, args=(message,), daemon=True).start()
            else:
                self.answer(message)
        self.batch.acquire(timeout=1)  # what AIOS has just taken shall not be sent again after a restart
        os._exit(0)  # stdin has ended; a poll may still be held

    def answer(self, request):
        methods = {"initialize": self.initialize, "start": self.start, "act": self.act,
                   "health": self.health, "audit": self.audit, "stop": self.stop}
        method, params = request["method"], request.get("params", {})
        try:
            if method not in methods:
                raise Refused(-32601, "no such method")
            if method != "initialize" and self.phase == "fresh" or method in ("act", "audit") and self.phase != "started":
                raise Refused(-32004, "not started")
            self.write(id=request["id"], result=methods[method](params))
        except Refused as refused:
            self.write(id=request["id"], error=refused.error)
        except (KeyError, TypeError):
            self.write(id=request["id"], error=invalid("", "a member is missing or of the wrong type").error)

    # --- what AIOS asks ---

    def initialize(self, params):
        if params["protocol_version"] != 1:
            raise Refused(-32005, "only version 1 is spoken", {"supported": [1]})
        self.phase = "greeted" if self.phase == "fresh" else self.phase
        return {"protocol_version": 1, "capabilities": {
            "adapter_id": "my-adapter", "adapter_version": "0.1.0", "supported_targets": ["wechat"],
            "supported_features": ["message"], "health": "stopped"}}

    def start(self, params):
        if self.phase != "greeted":
            raise Refused(-32003, "already started")
        document = params["integration"]
        require(document, "/integration", "channel_id", "channel_type", "target", "enabled", "auth", "config", "route")
        require(document["route"], "/integration/route", "workspace_id", "agent_id")
        self.auth, self.route = document["auth"], document["route"]
        self.policy = {"owner_only": False, "pairing_required": False, "dedup_window_sec": 3600, **document.get("policy", {})}
        if document["config"].get("transport_mode", "polling") != "polling":
            raise invalid("/integration/config/transport_mode", "v0 only polls")
        if self.policy["pairing_required"]:
            raise invalid("/integration/policy/pairing_required", "not supported")
        account = params["secrets"].get(self.auth["credential_ref"])
        if account is None:
            raise invalid("/integration/auth/credential_ref", "no such secret")
        self.token, self.bot, self.wechat = account["token"], account["bot_id"], urlsplit(params["transport"]["base_url"])
        self.position = Path(params["state_dir"]) / document["config"]["cursor_key"]
        self.phase = "started"
        if document["enabled"]:
            on_the_wire = threading.Event()
            threading.Thread(target=self.poll, args=(on_the_wire,), daemon=True).start()
            on_the_wire.wait()
        return {}

    def act(self, action):
        payload = action["payload"]
        context = self.contexts.get(payload.get("reply_to"))
        if action["event_type"] not in ("message", "error"):
            return self.receipt(action, "rejected", error_code="unsupported")
        if not self.admits(payload["recipient"]):
            return self.receipt(action, "rejected", error_code="access_denied")
        if context is None:
            return self.receipt(action, "rejected", error_code="context_unavailable")
        message = {"to_user_id": payload["recipient"], "client_id": digest(action["message_id"]), "message_type": 2,
                   "message_state": 2, "context_token": context,
                   "item_list": [{"type": 1, "text_item": {"text": payload["text"]}}]}
        try:
            answer = self.call("sendmessage", {"msg": message})
        except (OSError, ValueError, http.client.HTTPException):
            return self.receipt(action, "unreachable", 0, 1, error_code="connect_failed")
        if answer.get("ret") or answer.get("errcode"):  # either alone is a refusal
            return self.receipt(action, "rejected", 0, 1, error_code="wechat_error")
        return self.receipt(action, "delivered", 1, 1, [str(answer["message_id"])])

    @staticmethod
    def receipt(action, status, sent=0, total=0, ids=(), **error):
        return {"message_id": action["message_id"], "correlation_id": action["correlation_id"], "status_code": status,
                "chunks_sent": sent, "chunks_total": total, "wechat_message_ids": list(ids), **error}

    def health(self, _params):
        return {"health": self.state, "recent_errors": []}

    def audit(self, _params):
        return {"auth": self.auth, "policy": self.policy}

    def stop(self, _params):
        with self.phase_lock:
            self.phase = "stopped" if self.phase == "started" else self.phase
            self.state = "stopped"
            if self.held:
                self.withdraw(self.held)
        return {}

    @staticmethod
    def withdraw(connection):
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass  # it has ended by itself

    # --- what WeChat brings ---

    def call(self, name, body, sent=None):
        wechat = http.client.HTTPConnection(self.wechat.netloc, timeout=60)  # http.client knows no proxies
        wechat.connect()
        if sent:
            with self.phase_lock:
                if self.phase != "started":
                    raise OSError("stopped")
                self.held = wechat
        wechat.request("POST", f"{self.wechat.path}/ilink/bot/{name}", json.dumps(body),
                       {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        if sent:
            sent.set()
        return json.loads(wechat.getresponse().read())

    def poll(self, on_the_wire):
        cursor = self.position.read_text() if self.position.exists() else ""
        while self.phase == "started":
            try:
                answer = self.call("getupdates", {"get_updates_buf": cursor}, on_the_wire)
                if answer.get("ret") or answer.get("errcode"):
                    raise ValueError("refused")
            except (OSError, ValueError, http.client.HTTPException):
                self.state = "degraded" if self.phase == "started" else "stopped"
                on_the_wire.set()
                time.sleep(1)
                continue
            self.state = "healthy" if self.phase == "started" else "stopped"
            with self.batch:
                said = [message for message in answer["msgs"] if message["message_type"] == 1  # by a person, finished,
                        and message.get("message_state") != 1 and not message.get("delete_time_ms")]  # and not recalled
                if all(self.forward(message) for message in said):  # AIOS has settled them: only now the position moves
                    cursor = answer["get_updates_buf"]
                    self.position.write_text(cursor)

    def forward(self, message):
        sender, name, items = message["from_user_id"], str(message["message_id"]), message.get("item_list", [])
        event = {"session_id": "s-" + digest(self.bot, sender), "message_id": name, "dedup_key": digest(sender, name),
                 "timestamp": moment(message.get("create_time_ms") or time.time() * 1000), "payload": {"sender": sender}}
        if not self.admits(sender):
            return self.send(event_type="status", status_code="access_denied", **event)
        if [item.get("type") for item in items] != [1]:
            return self.send(event_type="status", status_code="unsupported", **event)
        self.contexts[name] = message.get("context_token")
        event["payload"] |= {"origin": "text", "text": items[0]["text_item"]["text"]}
        return self.send(event_type="message", status_code="forwarded", **event)

    def send(self, **event):
        self.seq += 1
        event |= {"channel_type": "dialog", "target": "wechat", "workspace_id": self.route["workspace_id"],
                  "agent_id": self.route["agent_id"], "stream_id": self.stream, "seq": self.seq,
                  "correlation_id": str(uuid.uuid4())}
        while self.phase == "started":
            name, reply = str(uuid.uuid4()), queue.SimpleQueue()
            self.replies[name] = reply
            self.write(id=name, method="event", params=event)
            error = reply.get().get("error")
            if error is None or error["code"] != -32002:
                return True  # settled: accepted, known already, or refused for good
            time.sleep(error["data"]["retry_after_ms"] / 1000)
            event["retry_count"] = event.get("retry_count", 0) + 1
        return False

    def admits(self, person):
        friends = [] if self.policy["owner_only"] else self.auth.get("allowlist", [])
        return person == self.auth.get("owner_user_id") or person in friends


def moment(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


if __name__ == "__main__":
    Adapter().serve()
