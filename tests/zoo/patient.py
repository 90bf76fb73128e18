"""An adapter with one illness, named by its argument; without one it is well."""

import hashlib
import http.client
import json
import os
import sys
import threading

ILLNESS = sys.argv[1] if len(sys.argv) > 1 else "none"
LOCK = threading.Lock()
SETTLED = threading.Event()
CONTEXTS = {}


def write(message):
    text = json.dumps(message, indent=2 if ILLNESS == "indented" else None)
    with LOCK:
        sys.stdout.write(text + ("" if ILLNESS == "no-newline" else "\n"))
        if ILLNESS != "buffered":
            sys.stdout.flush()


def call(base, token, name, body, sent=None):
    host = base.removeprefix("http://")
    wechat = http.client.HTTPConnection(os.environ.get("http_proxy", f"http://{host}").removeprefix("http://"), timeout=40)
    path = f"/ilink/bot/{name}" if ILLNESS != "wrong-path" else f"/{name}"
    token = token if ILLNESS != "no-token" else "another"
    wechat.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {token}"})
    if sent:
        sent.set()
    return json.loads(wechat.getresponse().read())


def poll(start, sent):
    base, account = start["transport"]["base_url"], next(iter(start["secrets"].values()))
    if ILLNESS == "elsewhere":
        base = f"http://127.0.0.1:{os.environ['ELSEWHERE']}"
    cursor = ""
    while True:
        try:
            answer = call(base, account["token"], "getupdates", {"get_updates_buf": cursor}, sent)
            messages = answer.get("msgs", [])
        except (OSError, ValueError):
            messages, answer = [], {}
            threading.Event().wait(0.2)
        for message in messages:
            forward(start, account, message)
        if ILLNESS != "old-cursor":
            cursor = answer.get("get_updates_buf", cursor)


def forward(start, account, message):
    if ILLNESS == "forgets":
        return
    sender, name = message["from_user_id"], str(message["message_id"])
    if ILLNESS == "rounded":
        name = str(int(float(name)))
    CONTEXTS[name] = message["context_token"], account, start["transport"]["base_url"]
    event = {"channel_type": "dialog", "target": "wechat", **start["integration"]["route"], "stream_id": "st-1", "seq": 1,
             "session_id": "s-1", "event_type": "message", "status_code": "forwarded", "message_id": name,
             "dedup_key": hashlib.sha256(name.encode()).hexdigest(), "timestamp": "2026-03-24T12:00:00.000Z",
             "correlation_id": "c-1",
             "payload": {"sender": sender, "origin": "text", "text": message["item_list"][0]["text_item"]["text"]}}
    if ILLNESS == "invalid-event":
        event["sender"] = sender
    if ILLNESS == "null":
        event["error_code"] = None
    request = {"jsonrpc": "2.0", "id": 1, "method": "event", "params": event}
    if ILLNESS == "notification":
        del request["id"]
    if ILLNESS == "asks-for-more":
        request["method"] = "sessions/list"
    write(request)
    SETTLED.wait()


def act(action):
    token, account, base = CONTEXTS[action["payload"]["reply_to"]]
    receipt = {"message_id": action["message_id"], "correlation_id": action["correlation_id"], "status_code": "delivered",
               "chunks_sent": 1, "chunks_total": 1, "wechat_message_ids": []}
    if ILLNESS != "lies":
        item = {"type": 1, "text_item": {"text": action["payload"]["text"]}}
        call(base, account["token"], "sendmessage", {"msg": {
            "to_user_id": action["payload"]["recipient"], "client_id": "c", "message_type": 2, "message_state": 2,
            "context_token": token, "item_list": [item]}})
    return receipt


def answer(request):
    method, params = request["method"], request.get("params", {})
    if method == "initialize":
        if ILLNESS == "speaks-2":
            return {"error": {"code": -32005, "message": "no", "data": {"supported": [2]}}}
        version = 2 if ILLNESS == "answers-2" else 1
        return {"result": {"protocol_version": version, "capabilities": {
            "adapter_id": "patient", "adapter_version": "1", "supported_targets": ["wechat"],
            "supported_features": ["message"], "health": "stopped"}}}
    if method == "start":
        if ILLNESS == "dies-in-start":
            sys.exit("the folder of the accounts is gone")
        if ILLNESS == "refuses":
            data = {"pointer": "/integration/display_name", "message": "missing"}
            return {"error": {"code": -32602, "message": "missing", "data": data}}
        if ILLNESS != "idle":
            sent = threading.Event()
            threading.Thread(target=poll, args=(params, sent), daemon=True).start()
            if ILLNESS == "waits-for-wechat":
                threading.Event().wait()
            sent.wait(1)
        return {"result": {}}
    if method == "act":
        return {"result": act(params)}
    if method == "health":
        return {"result": {"health": "fine" if ILLNESS == "fine" else "healthy", "recent_errors": []}}
    return {"result": {}}


if ILLNESS == "banner":
    print("patient 1.0 is ready", flush=True)
if ILLNESS == "hasty":
    write({"jsonrpc": "2.0", "id": "k1", "result": {}})
if ILLNESS == "event-first":
    write({"jsonrpc": "2.0", "id": 1, "method": "event", "params": {}})
if ILLNESS == "imports":
    import a_module_that_nobody_has
for line in sys.stdin:
    message = json.loads(line)
    if "method" not in message:
        SETTLED.set()
        continue
    if ILLNESS == "logs":
        print("INFO received", message["method"], flush=True)
    name = message["id"]
    if ILLNESS == "other-id":
        name = int(name[1:])
    reply = {"jsonrpc": "2.0", "id": name, **answer(message)}
    if ILLNESS == "no-id":
        del reply["id"]
    write(reply)
    if ILLNESS == "twice":
        write(reply)
if ILLNESS == "stays":
    threading.Event().wait()
if ILLNESS != "buffered":
    os._exit(0)  # a poll may still be held
