#!/usr/bin/env node
// WeChat for AIOS on the client library `weixin-agent-sdk`: JSON-RPC lines on stdin and stdout.
//
// The library polls, keeps the cursor and the context tokens, and hands every message to `chat` as a
// person and a text. This file does the rest of an adapter, as far as the library lets it: it
// validates, gates and reports. What the library does not tell (message ids, times, kinds of
// items, groups, refusals of WeChat) it cannot know.

import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import Ajv from "ajv/dist/2020.js";
import { Bot, start as startBot } from "weixin-agent-sdk";

// The published schemas, `spec/schema`.
const SCHEMAS = process.argv[2] ?? new URL("../../../spec/schema", import.meta.url).pathname;
const ACTIONS = { message: "MessageAction", status: "StatusAction", error: "ErrorAction", approval_request: "ApprovalRequestAction" };

/** An answer that is an error. */
class Refused extends Error {
  constructor(code, message, data) {
    super(message);
    this.error = data ? { code, message, data } : { code, message };
  }
}

const invalid = (pointer, message) => new Refused(-32602, message, { pointer, message });

const compiled = new Map();

/** Refuses a document that breaks the schema; of a choice the branch is made for the validator, so that it can point. */
function validate(kind, document, branch) {
  const name = `${kind}#${branch ?? ""}`;
  if (!compiled.has(name)) {
    const schema = JSON.parse(readFileSync(join(SCHEMAS, `${kind}.schema.json`), "utf8"));
    const chosen = branch ? { $defs: schema.$defs, $ref: `#/$defs/${branch}` } : { ...schema, $id: undefined };
    if (!branch) delete chosen.$id;
    compiled.set(name, new Ajv({ strict: false, logger: false }).compile(chosen));
  }
  const check = compiled.get(name);
  if (check(document)) return;
  const { instancePath, keyword, params } = check.errors[0];
  const unknown = params.additionalProperty ?? params.unevaluatedProperty;
  const escaped = unknown?.replaceAll("~", "~0").replaceAll("/", "~1");
  throw invalid(unknown === undefined ? instancePath : `${instancePath}/${escaped}`, `breaks \`${keyword}\``);
}

const replies = new Map(); // what AIOS says to our events, by request id
const errors = new Map(); // what went wrong, by code
const stream = `st-${randomUUID()}`;
const ending = new AbortController();
let phase = "fresh";
let health = "stopped";
let seq = 0;
let setup, account, policy, seen, bot;

const moment = () => new Date().toISOString();
const digest = (...parts) => createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 24);

// --- the line to AIOS ---------------------------------------------------------------------

const write = (frame) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\n");

async function answer({ id, method, params = {} }) {
  try {
    if (!Object.hasOwn(methods, method)) throw new Refused(-32601, "no such method");
    const early = method !== "initialize" && phase === "fresh";
    if (early || (["act", "audit"].includes(method) && phase !== "started")) throw new Refused(-32004, "not started");
    write({ id, result: await methods[method](params) });
  } catch (refused) {
    if (!(refused instanceof Refused)) console.error(`${method}: ${refused.name}`);
    write({ id, error: refused.error ?? { code: -32603, message: "internal error" } });
  }
}

const methods = {
  initialize({ protocol_version }) {
    if (protocol_version !== 1) throw new Refused(-32005, "only version 1 is spoken", { supported: [1] });
    if (phase === "fresh") phase = "greeted";
    return { protocol_version: 1, capabilities: {
      adapter_id: "aios-weixin-agent-sdk", adapter_version: "0.1.0", supported_targets: ["wechat"],
      supported_features: ["message", "context_cache", "approval_request"], health: "stopped",
    } };
  },

  async start(params) {
    if (phase !== "greeted") throw new Refused(-32003, "already started");
    validate("start", params);
    const { auth, config, enabled } = params.integration;
    if (config.transport_mode === "webhook") throw invalid("/integration/config/transport_mode", "v0 only polls");
    if (params.integration.policy?.pairing_required) throw invalid("/integration/policy/pairing_required", "not supported");
    if (!params.secrets[auth.credential_ref]) throw invalid("/integration/auth/credential_ref", "no such secret");
    setup = params;
    account = params.secrets[auth.credential_ref];
    policy = { owner_only: false, pairing_required: false, dedup_window_sec: 3600, ...params.integration.policy };
    phase = "started";
    if (enabled) {
      bot = startBot({ chat }, { accountId: logIn(), abortSignal: ending.signal, log: hear });
      bot.wait().catch(() => {}); // it throws what `hear` has heard
      health = "healthy";
      await pause(200); // the library does not tell when its first poll is on the wire
    }
    return {};
  },

  async act(action) {
    if (!Object.hasOwn(ACTIONS, action.event_type)) throw invalid("/event_type", "no such action");
    validate("outbound-action", action, ACTIONS[action.event_type]);
    const { payload, event_type } = action;
    const receipt = (status_code, error_code, sent = 0, total = 0) => ({
      message_id: action.message_id, correlation_id: action.correlation_id, status_code,
      chunks_sent: sent, chunks_total: total, wechat_message_ids: [], ...(error_code && { error_code }),
    });
    const { auth, config, route } = setup.integration;
    for (const name of ["workspace_id", "agent_id"])
      if (action[name] !== route[name]) throw invalid(`/${name}`, "not the route of this channel");
    if (event_type === "status") {
      if (action.status_code.startsWith("pairing_")) return receipt("rejected", "unsupported");
      return admits(payload.recipient) ? receipt("applied") : receipt("rejected", "access_denied");
    }
    const recipient = event_type === "approval_request" ? auth.owner_user_id : payload.recipient;
    if (!recipient) return receipt("rejected", "no_owner");
    if (!admits(recipient)) return receipt("rejected", "access_denied");
    if (!config.context_cache && event_type !== "approval_request" && !payload.reply_to)
      return receipt("rejected", "context_unavailable");
    const points = [...payload.text];
    const limit = config.message_chunk_limit ?? 2000;
    const total = Math.ceil(points.length / limit);
    for (let sent = 0; sent < total; sent += 1) {
      try {
        await speaker(recipient).sendMessage(points.slice(sent * limit, (sent + 1) * limit).join(""));
      } catch (error) {
        // Without a context token the library throws before it sends; else it was the transport.
        const code = error.message.includes("context_token") ? "context_unavailable" : transportCode(error.message);
        fail(code, code === "context_unavailable" ? undefined : "degraded");
        const refused = code === "context_unavailable" ? "rejected" : "unreachable";
        return receipt(sent ? "partial" : refused, code, sent, total);
      }
    }
    return receipt("delivered", undefined, total, total);
  },

  health() {
    const recent_errors = [...errors.values()].reverse();
    const last = recent_errors.length ? { last_error_code: recent_errors[0].code } : {};
    return { health, recent_errors, ...last, ...(seen && { last_seen_at: seen }) };
  },

  audit: () => ({ auth: setup.integration.auth, policy }),

  stop() {
    if (phase === "started") phase = "stopped";
    health = "stopped";
    ending.abort();
    return {};
  },
};

// --- the library --------------------------------------------------------------------------

/** Writes the account where the library looks for it. */
function logIn() {
  const folder = join(setup.state_dir, setup.integration.config.cursor_key);
  process.env.OPENCLAW_STATE_DIR = folder;
  const id = account.bot_id.trim().toLowerCase().replace(/[@.]/g, "-");
  const accounts = join(folder, "openclaw-weixin", "accounts");
  mkdirSync(accounts, { recursive: true });
  writeFileSync(join(folder, "openclaw-weixin", "accounts.json"), JSON.stringify([id]));
  const document = { token: account.token, baseUrl: setup.transport.base_url, userId: account.user_id };
  writeFileSync(join(accounts, `${id}.json`), JSON.stringify(document));
  const position = join(accounts, `${id}.sync.json`);
  if (existsSync(position)) {
    try {
      JSON.parse(readFileSync(position, "utf8"));
    } catch {
      report("state_damaged"); // the library begins at the beginning and says nothing
    }
  }
  return id;
}

/** The library's bot speaks to the person who logged in; this one speaks to somebody else. */
function speaker(recipient) {
  const accountId = account.bot_id.trim().toLowerCase().replace(/[@.]/g, "-");
  const { base_url: baseUrl, cdn_base_url: cdnBaseUrl } = setup.transport;
  return new Bot({ accountId, baseUrl, cdnBaseUrl, token: account.token, userId: recipient, monitorPromise: Promise.resolve() });
}

/** What the library tells of its polls: a line for people when one fails, nothing when one goes well. */
function hear(line) {
  if (line.includes("session expired")) fail("session_expired", "unhealthy");
  else if (line.includes("getUpdates failed")) fail("wechat_error", "degraded");
  else if (line.includes("getUpdates error")) fail(transportCode(line), "degraded");
}

function transportCode(words) {
  if (/\b[45]\d\d: /.test(words)) return "http_status";
  return words.includes("JSON") ? "malformed_answer" : "connect_failed";
}

function fail(code, state) {
  const now = moment();
  const known = errors.get(code) ?? { code, first_at: now, count: 0 };
  errors.delete(code); // newest last
  errors.set(code, { ...known, last_at: now, count: known.count + 1 });
  if (state && phase === "started") health = state;
}

/** A message, as far as the library tells. It waits for the end of this before it hands out the next. */
async function chat({ conversationId: sender, text, media }) {
  seen = moment();
  if (phase === "started") health = "healthy";
  const message_id = `local:${randomUUID()}`; // WeChat's own is not told
  const about = { session_id: `s-${digest(account.bot_id, sender)}`, message_id, dedup_key: digest(sender, message_id) };
  const forwards = admits(sender) && text && [...text].length <= 65_536 && text.isWellFormed();
  const status_code = forwards ? "forwarded" : admits(sender) ? (media || !text ? "unsupported" : "malformed") : "access_denied";
  const content = forwards ? { origin: "text", text } : {};
  await send({ ...about, event_type: forwards ? "message" : "status", status_code, payload: { sender, ...content } });
  return {}; // AIOS answers with an action, or not at all
}

function report(code) {
  fail(code);
  const session_id = `channel:${setup.integration.channel_id}`;
  send({ session_id, event_type: "status", status_code: code, payload: {} });
}

async function send(fields) {
  const { workspace_id, agent_id } = setup.integration.route;
  const envelope = { channel_type: "dialog", target: "wechat", workspace_id, agent_id, stream_id: stream, seq: ++seq };
  const event = { ...envelope, timestamp: moment(), correlation_id: randomUUID(), ...fields };
  while (phase === "started") {
    const id = randomUUID();
    const { error } = await new Promise((reply) => {
      replies.set(id, reply);
      write({ id, method: "event", params: event });
    });
    if (!error) return;
    if (error.code !== -32002) return fail("event_refused");
    fail("aios_unavailable");
    await pause(error.data.retry_after_ms);
    event.retry_count = (event.retry_count ?? 0) + 1;
  }
  await new Promise(() => {}); // stopped with an event unsettled: the library must not go on
}

function admits(person) {
  const { owner_user_id, allowlist = [] } = setup.integration.auth;
  return person === owner_user_id || (!policy.owner_only && allowlist.includes(person));
}

console.log = console.error; // whatever the library prints belongs to stderr
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.method) {
    answer(message); // not awaited: an action that takes time must not hold up the next line
  } else {
    replies.get(message.id)?.(message);
    replies.delete(message.id);
  }
}
process.exit(0); // the library may still hold a poll
