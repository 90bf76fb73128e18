#!/usr/bin/env node
// A small WeChat adapter for AIOS: JSON-RPC lines on stdin and stdout, HTTP to WeChat.
//
// It forwards the texts of people who are admitted, and brings AIOS's answers to them. README.md
// says how to judge it and what to add next.

import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

/** A request that is answered with an error. */
class Refused extends Error {
  constructor(code, message, data) {
    super(message);
    this.error = data ? { code, message, data } : { code, message };
  }
}

const invalid = (pointer, message) => new Refused(-32602, message, { pointer, message });

function require(document, pointer, ...members) {
  const missing = members.find((member) => !(member in document));
  if (missing) throw invalid(pointer, `\`${missing}\` is missing`);
}

let phase = "fresh";
let state = "stopped";
let seq = 0;
let auth, route, policy, account, baseUrl, position;
let held; // the request of a poll, so that a stop can end it
const stream = `st-${randomUUID()}`;
const replies = new Map(); // what AIOS says to our events, by request id
const contexts = new Map(); // the context token that each message came with

// --- the line to AIOS: every message on one line; logs go to stderr ---

const write = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");

async function answer({ id, method, params = {} }) {
  try {
    if (!Object.hasOwn(methods, method)) throw new Refused(-32601, "no such method");
    const early = method !== "initialize" && phase === "fresh";
    if (early || (["act", "audit"].includes(method) && phase !== "started")) throw new Refused(-32004, "not started");
    write({ id, result: await methods[method](params) });
  } catch (refused) {
    const { error } = refused instanceof Refused ? refused : invalid("", "a member is missing or of the wrong type");
    write({ id, error });
  }
}

// --- what AIOS asks ---

const methods = {
  initialize({ protocol_version }) {
    if (protocol_version !== 1) throw new Refused(-32005, "only version 1 is spoken", { supported: [1] });
    if (phase === "fresh") phase = "greeted";
    const features = { supported_targets: ["wechat"], supported_features: ["message"], health: "stopped" };
    return { protocol_version: 1, capabilities: { adapter_id: "my-adapter", adapter_version: "0.1.0", ...features } };
  },

  async start({ integration, secrets, transport, state_dir }) {
    if (phase !== "greeted") throw new Refused(-32003, "already started");
    require(integration, "/integration", "channel_id", "channel_type", "target", "enabled", "auth", "config", "route");
    require(integration.route, "/integration/route", "workspace_id", "agent_id");
    ({ auth, route } = integration);
    policy = { owner_only: false, pairing_required: false, dedup_window_sec: 3600, ...integration.policy };
    account = secrets[auth.credential_ref];
    if ((integration.config.transport_mode ?? "polling") !== "polling")
      throw invalid("/integration/config/transport_mode", "v0 only polls");
    if (policy.pairing_required) throw invalid("/integration/policy/pairing_required", "not supported");
    if (!account) throw invalid("/integration/auth/credential_ref", "no such secret");
    baseUrl = transport.base_url;
    position = join(state_dir, integration.config.cursor_key);
    phase = "started";
    if (integration.enabled) await new Promise((onTheWire) => poll(onTheWire));
    return {};
  },

  async act(action) {
    const { recipient, text, reply_to } = action.payload;
    const receipt = (status_code, rest = {}) => ({
      message_id: action.message_id, correlation_id: action.correlation_id, status_code,
      chunks_sent: 0, chunks_total: 0, wechat_message_ids: [], ...rest,
    });
    const context_token = contexts.get(reply_to);
    if (!["message", "error"].includes(action.event_type)) return receipt("rejected", { error_code: "unsupported" });
    if (!admits(recipient)) return receipt("rejected", { error_code: "access_denied" });
    if (!context_token) return receipt("rejected", { error_code: "context_unavailable" });
    let sent;
    try {
      const item_list = [{ type: 1, text_item: { text } }];
      const client_id = digest(action.message_id); // the same for a repeat, so that nobody reads it twice
      const msg = { to_user_id: recipient, client_id, message_type: 2, message_state: 2, context_token, item_list };
      sent = await call("sendmessage", { msg });
    } catch {
      return receipt("unreachable", { chunks_total: 1, error_code: "connect_failed" });
    }
    // Either alone is a refusal.
    if (sent.ret || sent.errcode) return receipt("rejected", { chunks_total: 1, error_code: "wechat_error" });
    return receipt("delivered", { chunks_sent: 1, chunks_total: 1, wechat_message_ids: [String(sent.message_id)] });
  },

  health: () => ({ health: state, recent_errors: [] }),
  audit: () => ({ auth, policy }),
  stop() {
    if (phase === "started") phase = "stopped";
    state = "stopped";
    held?.destroy(); // a poll that is held ends now
    return {};
  },
};

// --- what WeChat brings ---

function call(name, body, onTheWire) {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${account.token}` };
    const options = { method: "POST", headers, agent: false, timeout: 60_000 };
    const request = http.request(`${baseUrl}/ilink/bot/${name}`, options, async (response) => {
      try {
        let text = "";
        for await (const piece of response.setEncoding("utf8")) text += piece;
        // Ids are 64-bit numbers, and JavaScript's are not: keep their digits as text.
        resolve(JSON.parse(text.replace(/"message_id":\s*(\d+)/g, '"message_id":"$1"')));
      } catch (error) {
        reject(error);
      }
    });
    if (onTheWire) held = request;
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", reject);
    request.end(JSON.stringify(body), onTheWire);
  });
}

async function poll(onTheWire) {
  let cursor = existsSync(position) ? readFileSync(position, "utf8") : "";
  while (phase === "started") {
    try {
      const answer = await call("getupdates", { get_updates_buf: cursor }, onTheWire);
      if (answer.ret || answer.errcode) throw new Error("refused");
      if (phase === "started") state = "healthy";
      // Said by a person, finished, and not recalled.
      const said = ({ message_type, message_state, delete_time_ms }) => message_type === 1 && message_state !== 1 && !delete_time_ms;
      for (const message of answer.msgs.filter(said)) if (!(await forward(message))) return;
      cursor = answer.get_updates_buf; // AIOS has settled the whole batch: only now the position moves
      writeFileSync(position, cursor);
    } catch (error) {
      if (phase !== "started") return;
      console.error(`poll: ${error.code ?? error.name}`); // the name only: no words of people in logs
      state = "degraded";
      onTheWire();
      await pause(1000);
    }
  }
}

async function forward(message) {
  const sender = message.from_user_id;
  const id = String(message.message_id);
  const items = message.item_list ?? [];
  const timestamp = new Date(message.create_time_ms || Date.now()).toISOString();
  const about = { session_id: "s-" + digest(account.bot_id, sender), message_id: id, dedup_key: digest(sender, id), timestamp };
  if (!admits(sender)) return send({ event_type: "status", status_code: "access_denied", ...about, payload: { sender } });
  if (items.length !== 1 || items[0].type !== 1)
    return send({ event_type: "status", status_code: "unsupported", ...about, payload: { sender } });
  contexts.set(id, message.context_token);
  const payload = { sender, origin: "text", text: items[0].text_item.text };
  return send({ event_type: "message", status_code: "forwarded", ...about, payload });
}

async function send(fields) {
  const { workspace_id, agent_id } = route;
  const envelope = { channel_type: "dialog", target: "wechat", workspace_id, agent_id, stream_id: stream };
  const event = { ...envelope, seq: ++seq, correlation_id: randomUUID(), ...fields };
  while (phase === "started") {
    const id = randomUUID();
    const { error } = await new Promise((reply) => {
      replies.set(id, reply);
      write({ id, method: "event", params: event });
    });
    if (error?.code !== -32002) return true; // settled: accepted, known already, or refused for good
    await pause(error.data.retry_after_ms);
    event.retry_count = (event.retry_count ?? 0) + 1;
  }
  return false;
}

function admits(person) {
  return person === auth.owner_user_id || (!policy.owner_only && (auth.allowlist ?? []).includes(person));
}

function digest(...parts) {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 24);
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.method) {
    answer(message); // not awaited: an action that takes time must not hold up the next line
  } else {
    replies.get(message.id)?.(message);
    replies.delete(message.id);
  }
}
process.exit(0); // stdin has ended; a poll may still be held
