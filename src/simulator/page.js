"use strict";
// The page: chats, faults and the journal of the simulated WeChat, over its control API.

const $ = (id) => document.getElementById(id);
const api = "/control";

// --- talking to the simulator ---------------------------------------------------------------

// Message ids have more digits than a JavaScript number keeps: they stay text.
const parse = (text) => JSON.parse(text.replace(/("message_id":)(\d{16,})/g, '$1"$2"'));

async function call(method, path, body) {
  const answer = await fetch(api + path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = parse(await answer.text());
  if (!answer.ok) throw new Error(value.error);
  return value;
}

function attempt(action) {
  return action().then(() => { $("problem").hidden = true; }, (error) => {
    $("problem").textContent = error.message;
    $("problem").hidden = false;
  });
}

// --- what is known --------------------------------------------------------------------------

let state = null;
let messages = [];
let deliveries = [];
let last = 0;
let me = null;
const known = new Map();
const seen = new Map();

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const clock = (ms) => new Date(ms).toLocaleTimeString();

async function refresh() {
  [state, messages, deliveries] = await Promise.all(
    ["/state", "/messages", "/deliveries"].map((path) => call("GET", path)));
  meet(state.owner_user_id, "owner");
  meet("wx-friend@im.wechat", "a friend");
  meet("wx-stranger@im.wechat", "a stranger");
  for (const contact of state.contacts) meet(contact.user_id, "");
  if (me === null) me = state.owner_user_id;
  showVitals();
  showContacts();
  showChat();
  showPending();
}

function meet(id, name) {
  if (!known.has(id)) known.set(id, name);
}

// --- showing --------------------------------------------------------------------------------

function showVitals() {
  $("where").textContent = state.base_url + " · bot " + state.bot_id;
  const held = state.parked.length;
  const polls = held === 0 ? "nobody polls" : held === 1 ? "the bot is listening" : held + " polls are held";
  $("vitals").replaceChildren(
    state.session_expired ? element("span", { className: "bad", textContent: "login expired · " }) : "",
    polls + " · " + (state.position - state.consumed) + " undelivered");
}

function showContacts() {
  const focused = document.activeElement && document.activeElement.name === "me";
  $("contacts").replaceChildren(...[...known].map(([id, name]) => {
    const unread = id === me ? 0 : deliveries.filter((d) => d.to_user_id === id).length - (seen.get(id) || 0);
    const radio = element("input", { type: "radio", name: "me", value: id, checked: id === me });
    radio.addEventListener("change", () => become(id));
    const title = element("b", {}, name || id);
    if (unread > 0) {
      const count = element("span", { className: "new", textContent: unread });
      count.setAttribute("aria-label", unread + " new");
      title.append(count);
    }
    const label = element("label", { title: id }, radio, title);
    if (name) label.append(element("small", { textContent: id }));
    return label;
  }));
  if (focused) $("contacts").querySelector(":checked").focus();
}

function become(id) {
  me = id;
  showContacts();
  showChat();
}

function describe(item) {
  if (item === null || typeof item !== "object") return "malformed item: " + JSON.stringify(item);
  if (item.type === 1 && typeof (item.text_item || {}).text !== "string") {
    const { create_time_ms, update_time_ms, is_completed, msg_id, ...rest } = item;
    return "malformed item: " + JSON.stringify(rest);
  }
  if (item.text_item) return item.text_item.text;
  if (item.image_item) return "🖼 picture";
  if (item.voice_item) return "🎤 voice" + (item.voice_item.text ? ": " + item.voice_item.text : "");
  if (item.file_item) return "📎 " + (item.file_item.file_name || "file");
  if (item.video_item) return "🎬 video";
  return "item of kind " + item.type;
}

function picture(item) {
  const media = item && item.image_item && item.image_item.media;
  if (!media || !media.encrypt_query_param) return null;
  const query = new URLSearchParams({
    encrypted_query_param: media.encrypt_query_param, aes_key: media.aes_key || "",
  });
  return element("img", { src: api + "/media?" + query, alt: "the picture" });
}

function bubble(items, mine, note) {
  const shown = items.map((item) => picture(item) || describe(item));
  const body = shown.flatMap((part, index) => index ? ["\n", part] : [part]);
  return element("li", { className: mine ? "mine" : "" }, ...body,
    element("small", { textContent: note }));
}

function showChat() {
  const given = new Set();
  const sent = messages.filter(({ message }) => message.from_user_id === me).map((entry) => {
    const message = entry.message;
    const again = given.has(message.client_id);
    given.add(message.client_id);
    return {
      at: message.create_time_ms || 0, order: entry.position,
      bubble: bubble(message.item_list || [], true,
        clock(message.create_time_ms || 0) + (entry.delivered ? " ✓" : " · not yet delivered")
        + (again ? " · given again" : "") + (message.group_id ? " · in a group" : "")
        + (message.delete_time_ms > 0 ? " · recalled" : "") + (message.message_state === 1 ? " · unfinished" : "")
        + (message.message_type === 2 ? " · as a bot's" : "")),
    };
  });
  const received = deliveries.filter((d) => d.to_user_id === me).map((delivery, index) => ({
    at: delivery.at, order: 1e9 + index,
    bubble: bubble(delivery.text ? [{ text_item: delivery }, ...delivery.items.filter((i) => !i.text_item)]
      : delivery.items, false, clock(delivery.at)
      + (delivery.repeats ? " · sent " + (delivery.repeats + 1) + " times" : "")),
  }));
  seen.set(me, received.length);
  const all = [...sent, ...received].sort((a, b) => a.at - b.at || a.order - b.order);
  const list = $("messages");
  const shown = list.dataset.shown;
  list.dataset.shown = me + " " + all.length;
  list.replaceChildren(...all.map((one) => one.bubble));
  if (all.length === 0) {
    list.append(element("li", { className: "empty", textContent: "Nothing was said yet. Write something." }));
  }
  if (shown !== list.dataset.shown) toEnd(list);
  $("chat-title").textContent = known.get(me) ? "As " + known.get(me) : me;
  const contact = state.contacts.find((one) => one.user_id === me);
  const left = contact && contact.sends_left;
  $("chat-note").textContent = typing.has(me) ? "the bot is typing…"
    : contact ? "the bot may answer " + (left === 1 ? "once more" : left + " more times") : "";
}

function inWords({ on, nth, times, fault }) {
  const { kind, ...rest } = fault;
  const details = Object.entries(rest).map(([name, value]) => name + " " + value).join(", ");
  const many = times >= 4294967295 ? "every call" : times === 1 ? "call " + nth : "calls " + nth + " to " + (nth + times - 1);
  return kind.replaceAll("_", " ") + (details ? " (" + details + ")" : "") + " on " + on + ", " + many + " since it was set";
}

function showPending() {
  $("pending").replaceChildren(...state.faults.map((rule) => element("li", { textContent: inWords(rule) })));
  if (state.faults.length === 0) $("pending").append(element("li", { className: "quiet", textContent: "none" }));
}

// Lists stay at their end, also when a picture arrives or the window changes, until somebody scrolls.
const loose = new Set();
function toEnd(list) {
  loose.delete(list);
  list.scrollTop = list.scrollHeight;
}
for (const list of [$("messages"), $("entries")]) {
  const stay = () => { if (!loose.has(list)) list.scrollTop = list.scrollHeight; };
  list.addEventListener("scroll", () => {
    if (list.scrollHeight - list.scrollTop - list.clientHeight < 60) loose.delete(list);
    else loose.add(list);
  });
  list.addEventListener("load", stay, true);
  new ResizeObserver(stay).observe(list);
}

// --- doing ----------------------------------------------------------------------------------

const items = {
  "image": () => ({ type: 2 }),
  "voice-text": (text) => ({ type: 3, voice_item: { text } }),
  "voice": () => ({ type: 3 }),
  "file": (text) => ({ type: 4, file_item: { file_name: text || "notes.txt" } }),
  "video": () => ({ type: 5 }),
  "unknown": () => ({ type: 99, future_item: { note: "of a later WeChat" } }),
  "malformed": () => ({ type: 1, text_item: 7 }),
};

function send(order) {
  return attempt(async () => {
    await call("POST", "/messages", { from: me, ...order });
    $("text").value = "";
    grow();
    await refresh();
  });
}

function sendKind() {
  const kind = $("kind").value;
  const text = $("text").value;
  if (kind === "group") return send({ text: text || "hello all", group_id: "4242@chatroom" });
  const fields = {
    recalled: { delete_time_ms: Date.now() }, unfinished: { message_state: 1 }, echo: { message_type: 2 },
  }[kind];
  if (fields) return send({ text: text || "never mind", fields });
  if (kind === "quote") {
    const answers = deliveries.filter((delivery) => delivery.to_user_id === me);
    const quoted = answers.at(-1);
    const ref_msg = quoted
      ? { title: quoted.text, message_item: { type: 1, text_item: { text: quoted.text } } }
      : { svr_id: "7480000000000000001" };
    return send({ item: { type: 1, text_item: { text: text || "about that" }, ref_msg } });
  }
  return send({ item: items[kind](text) });
}

const faults = [
  ["HTTP 500", { kind: "http_status", status: 500 }],
  ["429, retry after 5 s", { kind: "http_status", status: 429, retry_after_sec: 5 }],
  ["refuse", { kind: "refuse" }],
  ["reset", { kind: "reset" }],
  ["close", { kind: "close" }],
  ["drop mid-body", { kind: "drop_mid_body" }],
  ["stall 5 s", { kind: "stall", ms: 5000 }],
  ["drip 16 × 200 ms", { kind: "drip", ms: 200 }],
  ["HTML page", { kind: "html" }],
  ["malformed JSON", { kind: "malformed_json" }],
  ["truncated JSON", { kind: "truncated_json" }],
  ["empty body", { kind: "empty_body" }],
  ["no position", { kind: "no_position" }],
  ["-14 login expired", { kind: "business_error", code: -14, errmsg: "session timeout" }],
  ["-2 rate limited", { kind: "business_error", code: -2, errmsg: "rate limited" }],
  ["lost answer", { kind: "lost_answer" }],
  ["never answer", { kind: "never_answer" }],
  ["truncate text to 2048", { kind: "truncate_text", bytes: 2048 }],
];

const acts = [
  ["Expire login", () => call("POST", "/expire-session")],
  ["Renew login", () => call("POST", "/renew-session")],
  ["Expire this person's context", () => call("POST", "/expire-context", { user_id: me })],
  ["Forget cursors", () => call("POST", "/reset-cursor")],
  ["Release polls", () => call("POST", "/release-polls")],
  ["Clear faults", () => call("DELETE", "/faults")],
];

const button = (text, act) => {
  const made = element("button", { type: "button", textContent: text });
  made.addEventListener("click", () => attempt(async () => { await act(); await refresh(); }));
  return made;
};

$("kinds").append(...faults.map(([text, fault]) => button(text, () =>
  call("POST", "/faults", {
    on: fault.kind === "truncate_text" ? "sendmessage" : $("on").value,
    times: Number($("times").value), fault,
  }))));
$("acts").append(...acts.map(([text, act]) => button(text, act)));
$("fault").addEventListener("submit", (event) => event.preventDefault());

$("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("text").value !== "") send({ text: $("text").value });
});
$("send-kind").addEventListener("click", sendKind);
$("again").addEventListener("click", () => attempt(async () => {
  const mine = messages.filter(({ message }) => message.from_user_id === me);
  if (mine.length === 0) throw new Error("This person wrote nothing yet.");
  await call("POST", "/redeliver", { message_id: String(mine.at(-1).message.message_id) });
  await refresh();
}));
$("newcomer").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = $("newcomer-id").value.trim();
  if (id === "") return;
  meet(id, "");
  $("newcomer-id").value = "";
  become(id);
  $("text").focus();
});

function grow() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = text.scrollHeight + 2 + "px";
}
$("text").addEventListener("input", grow);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("compose").requestSubmit();
  }
});

function view(name) {
  document.querySelector("main").dataset.view = name;
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.view === name));
  }
}
$("tabs").addEventListener("click", (event) => {
  if (event.target.dataset.view) view(event.target.dataset.view);
});

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "radio";
  if (event.key === "/" && !typing) {
    event.preventDefault();
    view("chat");
    $("text").focus();
  } else if (event.altKey && /^Digit[1-9]$/.test(event.code)) {
    const id = [...known.keys()][Number(event.code.slice(5)) - 1];
    if (id !== undefined) {
      event.preventDefault();
      view("chat");
      become(id);
      $("text").focus();
    }
  } else if (event.altKey && event.code === "KeyF") {
    event.preventDefault();
    view("faults");
    $("kinds").firstElementChild.focus();
  } else if (event.altKey && event.code === "KeyJ") {
    event.preventDefault();
    view("journal");
    $("entries").focus();
  }
});

// --- the journal, live ----------------------------------------------------------------------

const ENTRIES = 500;
const idle = new Set();
// Whom the bot shows its typing sign.
const typing = new Set();

function watchTyping({ endpoint, event }) {
  if (event.is === "delivered") typing.delete(event.delivery.to_user_id);
  if (endpoint !== "sendtyping" || event.is !== "arrived" || event.body === null) return;
  if (event.body.status === 1) typing.add(event.body.ilink_user_id);
  else typing.delete(event.body.ilink_user_id);
}

const named = (id) => known.get(id) || id;

function headline({ endpoint, event }) {
  switch (event.is) {
    case "arrived": return "→ " + endpoint + (event.authorized ? "" : " (no good token)");
    case "parked": return "⏸ " + endpoint + " held at " + event.position;
    case "delivered": return "✉ to " + named(event.delivery.to_user_id) + ": " + event.delivery.text;
    case "repeated": return "⟳ a client id came again; nobody saw it twice";
    case "answered": return "← " + endpoint + " " + event.status
      + (event.body && event.body.errcode ? " errcode " + event.body.errcode : "")
      + (event.body && event.body.msgs && event.body.msgs.length ? " with " + (event.body.msgs.length === 1 ? "a message" : event.body.msgs.length + " messages") : "")
      + (event.fault ? " [" + event.fault.kind + "]" : "");
    case "cut": return "✂ " + endpoint + " [" + event.fault.kind + "]";
    case "left": return "✗ " + endpoint + ": the client left";
    default: return event.is;
  }
}

const isBad = ({ event }) => event.fault !== undefined || event.is === "left" || event.is === "cut"
  || (event.is === "answered" && (event.status !== 200 || (event.body && (event.body.errcode || event.body.ret))));

function isIdle(entry) {
  if (entry.endpoint !== "getupdates" || isBad(entry)) return false;
  return entry.event.is !== "answered" || !(entry.event.body && entry.event.body.msgs && entry.event.body.msgs.length);
}

function line(entry) {
  const summary = element("summary", {},
    element("span", { className: "n", textContent: "#" + entry.exchange + " " + clock(entry.at) + " " }),
    element("span", { className: isBad(entry) ? "bad" : "", textContent: headline(entry) }));
  const details = element("details", {}, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) {
      details.append(element("pre", { textContent: JSON.stringify(entry.event, null, 2) }));
    }
  });
  const made = element("li", {}, details);
  if (isIdle(entry)) idle.add(made);
  made.hidden = isIdle(entry) && $("quiet-polls").checked;
  return made;
}

$("quiet-polls").addEventListener("change", () => {
  for (const made of idle) made.hidden = $("quiet-polls").checked;
});

async function follow() {
  for (;;) {
    try {
      const entries = await call("GET", "/journal?after=" + last + "&wait_ms=20000");
      const list = $("entries");
      for (const entry of entries.slice(-ENTRIES)) list.append(line(entry));
      entries.forEach(watchTyping);
      if (entries.length) last = entries.at(-1).number;
      while (list.childElementCount > ENTRIES) {
        idle.delete(list.firstElementChild);
        list.firstElementChild.remove();
      }
      if (!loose.has(list)) toEnd(list);
      await refresh();
      if ($("problem").dataset.gone) {
        delete $("problem").dataset.gone;
        $("problem").hidden = true;
      }
    } catch (error) {
      $("problem").textContent = "The simulator does not answer: " + error.message;
      $("problem").dataset.gone = "yes";
      $("problem").hidden = false;
      await new Promise((later) => setTimeout(later, 2000));
    }
  }
}

attempt(refresh).then(() => { $("text").focus({ preventScroll: true }); follow(); });
