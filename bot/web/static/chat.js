/* The chat page. ES2018, no build step: it must run on the Chrome 70 of an old Android phone.

   Life of what a person sends: enqueue() gives it a key, keeps it on the phone (texts, presses and places in
   localStorage, files in IndexedDB) and shows it; pump() posts the line in order until the server has committed
   each; the poll then brings the same key back as a message with an id, and adopt() turns the local bubble into
   it. The same key posted twice is one message to the server, so an answer lost on the way costs nothing. */
import { offerApp } from "./app.js";
import { byId, el, icon, language, megabytes, pageLanguage, t } from "./texts.js";

const HOME = "ocop:" + location.pathname + ":"; // pages of several communes may share one host
const MAX_FILE_BYTES = 20 * 1024 * 1024;
const POLL_S = 25;
const POST_TIMEOUT_MS = 30000;
const UPLOAD_STALL_MS = 60000; // no byte moved for this long: a dead connection, not a slow one
const AN_HOUR_S = 3600; // a longer wait is the day's limit for files
const PERMANENT = [400, 413, 415, 422]; // the server will say the same next time
const SESSION_GONE = [401, 403];
const TOUCH = !window.matchMedia("(hover: hover) and (pointer: fine)").matches;
const ZONE = "Asia/Ho_Chi_Minh";

const csrf = document.querySelector('meta[name="csrf"]').content;
const title = document.title;
const log = byId("log");
const list = byId("list");
const box = byId("text");
const newer = byId("newer");

const queue = []; // what is not committed yet, oldest first
const local = new Map(); // key -> item whose bubble waits for its echo
const seen = new Set(); // ids of messages shown
let lastId = 0;
let lastDay = "";
let lastAt = 0;
let newest = null; // the newest message of the assistant: {id, row, message}
let historyShown = false;
let unread = 0;

// --- Small things

function button(className, children, onClick) {
  const node = el("button", className, children);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}

/** A random UUID (version 4); crypto.randomUUID is newer than the phones we serve. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Milliseconds that never repeat, so that the line keeps its order over a reload. */
function now() {
  lastAt = Math.max(Date.now(), lastAt + 1);
  return lastAt;
}

/** The address when it is on our own host, else null: nothing else may be linked or loaded. */
function ownUrl(text) {
  try {
    const url = new URL(text, document.baseURI);
    return url.origin === location.origin || url.protocol === "blob:" ? url.href : null;
  } catch (error) {
    return null;
  }
}

/** localStorage as JSON. Where it is refused or full the page goes on from memory. */
const store = {
  get(name) {
    try { return JSON.parse(localStorage.getItem(HOME + name)); } catch (error) { return null; }
  },
  set(name, value) {
    try { localStorage.setItem(HOME + name, JSON.stringify(value)); } catch (error) { /* memory only */ }
  },
  remove(name) {
    try { localStorage.removeItem(HOME + name); } catch (error) { /* memory only */ }
  },
  all(prefix) {
    try {
      return Object.keys(localStorage)
        .filter((name) => name.startsWith(HOME + prefix))
        .map((name) => store.get(name.slice(HOME.length)))
        .filter(Boolean);
    } catch (error) {
      return [];
    }
  },
};

/** Run one request on the files kept over a reload (the camera app often ends the page on a small phone).
    Resolves to undefined where the browser keeps nothing. */
function filesOnDisk(mode, request) {
  return new Promise((resolve) => {
    const none = () => { resolve(undefined); };
    setTimeout(none, 3000); // a blocked database must not hold the page up
    try {
      const opening = indexedDB.open(HOME + "files", 1);
      opening.onupgradeneeded = () => { opening.result.createObjectStore("files", { keyPath: "key" }); };
      opening.onerror = none;
      opening.onsuccess = () => {
        const base = opening.result;
        const transaction = base.transaction("files", mode);
        const asked = request(transaction.objectStore("files"));
        transaction.oncomplete = () => { base.close(); resolve(asked.result); };
        transaction.onerror = transaction.onabort = () => { base.close(); none(); };
      };
    } catch (error) {
      none();
    }
  });
}

// --- The line of things to send

/** Queue {text} or {press, label} or {location}: kept on the phone first, then shown, then sent. */
function enqueue(payload) {
  const item = Object.assign({ key: uuid(), at: now() }, payload);
  store.set("out:" + item.key, item);
  add(item);
  toBottom();
  pump();
}

function enqueueFile(file) {
  const item = { key: uuid(), at: now(), file: file };
  if (!file.size) item.failed = t("fileEmpty");
  else if (file.size > MAX_FILE_BYTES) item.failed = t("fileTooBig");
  else filesOnDisk("readwrite", (files) => files.put({ key: item.key, at: item.at, file: file }));
  add(item);
  toBottom();
  pump();
}

function add(item) {
  if (local.has(item.key)) return;
  item.tries = 0;
  item.dueAt = 0;
  queue.push(item);
  queue.sort((a, b) => a.at - b.at);
  local.set(item.key, item);
  showLocal(item);
}

/** Take an item out of the line and off the phone: committed, or given up by the person. */
function forget(item) {
  const place = queue.indexOf(item);
  if (place >= 0) queue.splice(place, 1);
  if (item.file) filesOnDisk("readwrite", (files) => files.delete(item.key));
  else store.remove("out:" + item.key);
}

/** The item to send now, or null. The line keeps its order; only a file that has failed once steps aside. */
function nextDue() {
  for (const item of queue) {
    if (item.failed) continue;
    if (item.dueAt <= Date.now()) return item;
    if (!item.file) return null;
  }
  return null;
}

let pumping = false;
let pumpTimer = 0;

async function pump() {
  if (pumping) return;
  pumping = true;
  clearTimeout(pumpTimer);
  try {
    for (let item = nextDue(); item; item = nextDue()) {
      paint(item);
      settle(item, await (item.file ? postFile(item) : postJson(item)));
    }
  } finally {
    pumping = false;
    wakePumpLater();
  }
}

function wakePumpLater() {
  const open = queue.filter((item) => !item.failed);
  if (!open.length) return;
  const dueAt = Math.min.apply(null, open.map((item) => item.dueAt));
  pumpTimer = setTimeout(pump, Math.max(250, dueAt - Date.now()));
}

function pumpNow() {
  queue.forEach((item) => { item.dueAt = 0; });
  pump();
}

/** Act on an answer: {status, body}, status 0 when the network gave none. */
function settle(item, answer) {
  if (!queue.includes(item)) return; // echoed or discarded meanwhile
  if (answer.status >= 200 && answer.status < 300) {
    forget(item);
    item.sent = true;
    setNetwork("");
  } else if (PERMANENT.includes(answer.status) || (item.file && answer.body.retry_after_s > AN_HOUR_S)) {
    item.failed = refusal(item, answer);
    if (!item.file) store.set("out:" + item.key, Object.assign({}, stored(item), { failed: item.failed }));
  } else {
    postpone(item, answer);
  }
  paint(item);
}

function refusal(item, answer) {
  if (answer.status === 429) return t("fullToday");
  if (answer.status === 413) return t(item.file ? "fileTooBig" : "textTooLong");
  return answer.body.error || t(item.file ? "refusedFile" : "refused");
}

/** Try again later: after what the server asked for, else after 1, 2, 4 ... 30 seconds. */
function postpone(item, answer) {
  item.tries += 1;
  item.status = answer.status;
  const backoff_s = Math.min(30, Math.pow(2, item.tries - 1));
  item.dueAt = Date.now() + 1000 * (answer.body.retry_after_s || backoff_s);
  if (SESSION_GONE.includes(answer.status)) sessionGone();
  else if (answer.status === 429) setNetwork("busy");
  else setNetwork(answer.status ? "trouble" : "offline");
}

function stored(item) {
  const kept = { key: item.key, at: item.at };
  ["text", "press", "label", "location"].forEach((name) => {
    if (item[name] !== undefined) kept[name] = item[name];
  });
  return kept;
}

function postJson(item) {
  const body = stored(item);
  delete body.at;
  return request("chat/send", POST_TIMEOUT_MS, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF": csrf },
    body: JSON.stringify(body),
  });
}

/** fetch() that always answers {status, body}: status 0 is no network, body {} what was not JSON. */
async function request(url, timeout_ms, options, abort) {
  const controller = abort || new AbortController();
  const timer = setTimeout(() => { controller.abort(); }, timeout_ms);
  try {
    const response = await fetch(url, Object.assign(
      { credentials: "same-origin", cache: "no-store", signal: controller.signal }, options));
    const text = await response.text();
    return { status: response.status, body: readJson(text) };
  } catch (error) {
    return { status: 0, body: {} };
  } finally {
    clearTimeout(timer);
  }
}

function readJson(text) {
  try { return JSON.parse(text) || {}; } catch (error) { return {}; }
}

/** Upload with progress, which fetch() cannot tell. */
function postFile(item) {
  return new Promise((resolve) => {
    const form = new FormData();
    form.append("key", item.key);
    form.append("file", item.file, item.file.name);
    const xhr = new XMLHttpRequest();
    item.xhr = xhr;
    let stalled = 0;
    const watch = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => { xhr.abort(); }, UPLOAD_STALL_MS);
    };
    xhr.upload.onprogress = (event) => {
      watch();
      if (event.lengthComputable) item.bar.value = event.loaded / event.total;
    };
    xhr.onloadend = () => {
      clearTimeout(stalled);
      item.xhr = null;
      resolve({ status: xhr.status, body: readJson(xhr.responseText) });
    };
    xhr.open("POST", "chat/file");
    xhr.setRequestHeader("X-CSRF", csrf);
    watch();
    xhr.send(form);
  });
}

// --- The person's own bubbles before their echo

function showLocal(item) {
  const parts = bubble("mine", item.text || item.label || (item.location ? t("locationSent") : ""));
  parts.row.classList.add("pending");
  item.parts = parts;
  if (item.file) showLocalFile(item);
  list.append(parts.row);
  paint(item);
  hideGreeting();
}

function showLocalFile(item) {
  const kind = item.file.type || "";
  item.preview = /^(image|audio)\//.test(kind) ? URL.createObjectURL(item.file) : "";
  item.bar = el("progress", "progress");
  item.bar.max = 1;
  item.bar.value = 0;
  item.bar.setAttribute("aria-label", t("progress", { name: item.file.name }));
  item.parts.files.append(attachment({ url: item.preview, name: item.file.name, media_type: kind }, item.file.size));
  item.parts.files.after(item.bar);
}

function stateOf(item) {
  if (item.sent) return "sent";
  if (item.failed) return "failed";
  if (!item.tries) return navigator.onLine === false ? "waiting" : "sending";
  return item.status ? "retrying" : "waiting";
}

/** Bring the bubble in line with its item. Nothing is touched that has not changed: it is a live region. */
function paint(item) {
  const state = stateOf(item);
  if (item.painted === state) return;
  item.painted = state;
  const parts = item.parts;
  parts.row.dataset.state = state;
  if (item.bar) item.bar.hidden = state === "sent" || state === "failed";
  parts.meta.textContent = t(state);
  if (state === "failed") parts.meta.textContent = t("failed") + ". " + item.failed;
  parts.row.classList.toggle("pending", state !== "failed");
  parts.tools.textContent = "";
  parts.tools.append.apply(parts.tools, tools(item, state));
}

function tools(item, state) {
  const shown = [];
  if (state === "sent") return shown;
  if (item.file && item.tries && state !== "failed") shown.push(button("tool", [t("retry")], () => { retry(item); }));
  if (item.text && state === "failed") shown.push(button("tool", [t("edit")], () => { edit(item); }));
  if (item.file) shown.push(button("tool", [t("dropFile")], () => { drop(item); }));
  else if (state === "failed") shown.push(button("tool", [t("drop")], () => { drop(item); }));
  return shown;
}

function retry(item) {
  item.tries = 0;
  item.dueAt = 0;
  paint(item);
  pump();
}

function edit(item) {
  box.value = [item.text, box.value].filter(Boolean).join("\n");
  drop(item);
  typed();
  box.focus();
}

function drop(item) {
  forget(item);
  local.delete(item.key);
  item.parts.row.remove();
  if (item.xhr) item.xhr.abort();
  if (item.preview) URL.revokeObjectURL(item.preview);
  (TOUCH ? log : box).focus();
}

// --- Messages

/** The skeleton of a bubble: {row, side, files, meta, tools}; `who` is "mine" or "bot". */
function bubble(who, text) {
  const mine = who === "mine";
  const files = el("div", "files");
  const meta = el("p", "meta");
  const words = el("p", "words", mine ? [text] : linked(text));
  const inner = el("div", "bubble", [el("span", "sr", [t(mine ? "you" : "bot")]), words, files, meta]);
  words.hidden = !text;
  const side = el("div", "side", [inner]);
  const tools = el("div", "tools");
  return { row: el("div", "msg " + who, [side, tools]), side: side, words: words, files: files, meta: meta, tools: tools };
}

/** Text as nodes, with addresses on our own host as links. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}…])/).map((part, place) => {
    const url = place % 2 ? ownUrl(part) : null;
    if (!url) return part;
    const link = el("a", "", [part]);
    link.href = url;
    return link;
  });
}

function showMessage(message) {
  if (seen.has(message.id)) return;
  seen.add(message.id);
  lastId = Math.max(lastId, message.id);
  hideGreeting();
  const item = message.mine && message.key ? local.get(message.key) : null;
  if (message.mine && !item && !message.text && !message.attachments.length) return; // words before consent: not kept
  const row = item ? adopt(item, message) : build(message);
  place(row, message.at);
  if (!message.mine) crown(row, message);
}

/** Our own message came back: its local bubble becomes the real one, so nothing shows twice. */
function adopt(item, message) {
  const parts = item.parts;
  forget(item);
  local.delete(item.key);
  item.failed = "";
  item.sent = true;
  paint(item);
  parts.row.classList.remove("pending");
  parts.meta.textContent = clock(message.at) + " · " + t("sent");
  if (message.text && parts.words.textContent !== message.text) parts.words.textContent = message.text;
  parts.words.hidden = !parts.words.textContent;
  if (!message.attachments.length) return parts.row;
  showAttachments(parts.files, message.attachments);
  if (item.preview) URL.revokeObjectURL(item.preview);
  return parts.row;
}

function build(message) {
  const parts = bubble(message.mine ? "mine" : "bot", message.text);
  parts.meta.textContent = clock(message.at);
  if (message.mine) parts.meta.textContent += " · " + t("sent");
  showAttachments(parts.files, message.attachments);
  if (!message.mine) {
    if (speech && message.text) parts.side.append(readButton(message));
    const group = choices(message);
    if (group) parts.side.after(group);
  }
  return parts.row;
}

/** Put a row in the order of the server's ids: before the first bubble that is still on its way. */
function place(row, at) {
  const day = dayOf(at);
  const next = list.querySelector(".msg.pending");
  const late = next && row.compareDocumentPosition(next) & Node.DOCUMENT_POSITION_PRECEDING;
  if (!row.parentNode || late) list.insertBefore(row, next);
  if (day !== lastDay) list.insertBefore(el("p", "day", [dayName(at)]), row);
  lastDay = day;
}

/** The newest message of the assistant has the prominent buttons and may ask for a number or a place. */
function crown(row, message) {
  if (newest && newest.id > message.id) return;
  if (newest) newest.row.classList.remove("newest");
  newest = { id: message.id, row: row };
  row.classList.add("newest");
  byId("location").hidden = !(message.ask_location && navigator.geolocation);
  byId("record").hidden = !(message.takes_voice && canRecord);
  box.autocomplete = message.ask_contact ? "tel" : "off";
  box.dataset.tPlaceholder = message.ask_contact ? "placeholderPhone" : "placeholder";
  box.placeholder = t(box.dataset.tPlaceholder);
}

function choices(message) {
  const nodes = message.buttons.map(choice);
  if (message.ask_contact) nodes.push(ask("phone", message.ask_contact, () => { box.focus(); }));
  if (message.ask_location && navigator.geolocation) nodes.push(ask("pin", message.ask_location, sendLocation));
  if (message.takes_voice && canRecord) nodes.push(ask("mic", t("record"), record));
  if (!nodes.length) return null;
  const group = el("div", "choices", nodes);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", t("choices"));
  return group;
}

function choice(option) {
  let pressedAt = 0;
  const node = button("choice", [el("span", "", [option.label])], () => {
    if (Date.now() - pressedAt < 1500) return; // one shaky tap, not two answers
    pressedAt = Date.now();
    markChosen(node);
    enqueue({ press: option.data, label: option.label });
  });
  if (option.label.length > 17) node.classList.add("long");
  return node;
}

function markChosen(node) {
  const before = node.parentNode.querySelector(".chosen");
  if (before) {
    before.classList.remove("chosen");
    before.querySelectorAll(".mark").forEach((mark) => { mark.remove(); });
  }
  const mark = el("span", "mark", [icon("tick"), el("span", "sr", [t("chosen")])]);
  node.classList.add("chosen");
  node.append(mark);
}

function ask(symbol, label, onClick) {
  return button("choice ask long", [icon(symbol), el("span", "", [label])], onClick);
}

// --- Attachments

function showAttachments(files, attachments) {
  files.textContent = "";
  const pictures = attachments.filter((file) => file.show === "picture").length;
  files.classList.toggle("single", pictures === 1 && attachments.length === 1);
  files.classList.toggle("many", pictures > 1);
  attachments.forEach((file) => { files.append(attachment(file)); });
}

function attachment(file, size_bytes) {
  const url = file.url ? ownUrl(file.url) : null;
  const kind = file.media_type || "";
  if (url && kind.startsWith("image/")) return thumbnail(file, url, size_bytes);
  if (url && kind.startsWith("audio/")) return player(file, url, size_bytes);
  return chip(file, url, size_bytes);
}

function thumbnail(file, url, size_bytes) {
  const image = el("img");
  const node = button("thumb", [image], () => { view(file.name, url); });
  node.setAttribute("aria-label", t("openImage", { name: file.name }));
  image.alt = "";
  image.onload = () => { if (pinned) toBottom(); };
  image.onerror = () => { node.replaceWith(chip(file, url, size_bytes)); }; // HEIC, for one
  image.src = url;
  return node;
}

/** A recording; what this browser can't play, as AMR from Zalo, becomes a file to save. */
function player(file, url, size_bytes) {
  const audio = el("audio", "player");
  const saved = () => chip(file, url, size_bytes, t("unplayable"));
  if (!audio.canPlayType(file.media_type)) return saved();
  audio.controls = true;
  audio.preload = url.startsWith("blob:") ? "metadata" : "none";
  audio.setAttribute("aria-label", t("listen", { name: file.name }));
  audio.onerror = () => { audio.replaceWith(saved()); };
  audio.src = url;
  return audio;
}

function chip(file, url, size_bytes, note) {
  const words = [el("span", "chip-name", [file.name])];
  if (note) words.push(el("span", "chip-size", [note]));
  if (size_bytes) words.push(el("span", "chip-size", [megabytes(size_bytes)]));
  const node = el(url ? "a" : "span", "chip", [icon("file"), el("span", "chip-words", words)]);
  if (url) {
    node.href = url;
    node.download = file.name;
    node.setAttribute("aria-label", [t("download", { name: file.name }), note].filter(Boolean).join(". "));
  }
  return node;
}

function view(name, url) {
  byId("viewer-name").textContent = name;
  byId("viewer-image").src = url;
  byId("viewer-image").alt = name;
  byId("viewer-link").href = url;
  byId("viewer").classList.remove("zoomed");
  openSheet("viewer");
}

// --- Days and hours, always those of Viet Nam

function dateParts(at, options) {
  const found = {};
  const format = new Intl.DateTimeFormat("en-GB", Object.assign({ timeZone: ZONE }, options));
  format.formatToParts(at ? new Date(at) : new Date()).forEach((part) => { found[part.type] = part.value; });
  return found;
}

function clock(at) {
  const found = dateParts(at, { hour: "2-digit", minute: "2-digit", hour12: false });
  return found.hour + ":" + found.minute;
}

function dayOf(at) {
  const found = dateParts(at, { year: "numeric", month: "numeric", day: "numeric" });
  return found.day + "/" + found.month + "/" + found.year;
}

function dayName(at) {
  const day = dayOf(at);
  if (day === dayOf()) return t("today");
  if (day === dayOf(Date.now() - 86400000)) return t("yesterday");
  const weekday = new Intl.DateTimeFormat(language(), { timeZone: ZONE, weekday: "long" });
  return weekday.format(new Date(at)) + " " + day;
}

// --- Receiving

let pollAbort = null;
let wakePoll = null;
let answeredAt = 0;

async function receive() {
  let failures = 0;
  for (;;) {
    const startedAt = Date.now();
    const answer = await poll();
    if (answer.status === 200) {
      failures = 0;
      answeredAt = Date.now();
      take(answer.body);
      if (!(answer.body.messages || []).length && Date.now() - startedAt < 1000) await nap(1000); // nothing held
    } else {
      failures += 1;
      troubled(answer, failures);
      await nap(1000 * (answer.body.retry_after_s || Math.min(30, Math.pow(2, failures - 1))));
    }
  }
}

function poll() {
  const wait_s = historyShown ? POLL_S : 0;
  pollAbort = new AbortController();
  const seen = document.hidden ? "" : "&visible=1"; // then what is shown up to lastId was looked at
  return request("chat/messages?after=" + lastId + "&wait=" + wait_s + seen, (wait_s + 15) * 1000, {}, pollAbort);
}

function troubled(answer, failures) {
  if (SESSION_GONE.includes(answer.status)) sessionGone();
  else if (answer.status) setNetwork("trouble");
  else if (failures > 1 || navigator.onLine === false) setNetwork("offline"); // one broken poll is nothing
}

function nap(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wakePoll = () => { clearTimeout(timer); resolve(); };
  });
}

function pollNow() {
  if (wakePoll) wakePoll();
  if (pollAbort && Date.now() - answeredAt > 3000) pollAbort.abort();
}

function take(body) {
  const messages = body.messages || [];
  const fresh = historyShown;
  if (body.lang && body.lang !== language()) pageLanguage(body.lang);
  setNetwork("");
  messages.forEach(showMessage);
  if (!fresh) finishHistory();
  const news = messages.filter((message) => fresh && !message.mine);
  if (pinned || !fresh) toBottom();
  else newer.hidden = newer.hidden && !news.length;
  news.forEach(announce);
}

function finishHistory() {
  historyShown = true;
  const loading = byId("loading");
  if (loading) loading.remove();
  log.setAttribute("aria-busy", "false");
  if (!list.children.length) greet();
}

function announce(message) {
  if (document.hidden) {
    unread += 1;
    document.title = "(" + unread + ") " + title;
  }
  if (settings.autoread) read(message, null);
}

/** What a first visit shows; pressing the button is the first message. */
function greet() {
  const logo = el("img", "greeting-logo");
  logo.src = "static/icon.svg";
  logo.alt = "";
  const start = button("choice long", [t("start")], () => { enqueue({ text: t("start") }); box.focus(); });
  const greeting = el("div", "greeting", [logo, el("p", "greeting-hello", [t("hello")]), el("p", "", [t("helloNext")]), start]);
  greeting.id = "greeting";
  list.append(greeting);
}

function hideGreeting() {
  const greeting = byId("greeting");
  if (greeting) greeting.remove();
}

// --- The thin bar: network and short notices

let network = "";
let notice = "";
let noticeTimer = 0;

/** "" is well; else "offline", "trouble", "busy" or "expired". Says so once when it is well again. */
function setNetwork(state) {
  if (network === state || network === "expired") return;
  const recovered = network === "offline" && !state;
  network = state;
  if (recovered) notify("back");
  showStatus();
}

function notify(key) {
  notice = key;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { notice = ""; showStatus(); }, key === "back" ? 3000 : 7000);
  showStatus();
}

function showStatus() {
  const bar = byId("status");
  const key = network || notice;
  if (bar.dataset.key === key) return;
  bar.dataset.key = key;
  bar.textContent = key ? t(key) : "";
  if (key === "expired") bar.append(button("tool", [t("reload")], () => { location.reload(); }));
}

/** Reload for a new session, once in five minutes: a server that refuses every session must not spin us. */
function sessionGone() {
  try {
    const before = Number(sessionStorage.getItem(HOME + "reloaded"));
    sessionStorage.setItem(HOME + "reloaded", String(Date.now()));
    if (Date.now() - before > 300000) return location.reload();
  } catch (error) { /* without a memory of it we do not reload by ourselves */ }
  return setNetwork("expired");
}

function online() {
  pumpNow();
  pollNow();
}

// --- Scrolling

let pinned = true; // the person is reading the end, so the end follows

function scrolled() {
  pinned = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  if (pinned) newer.hidden = true;
}

function toBottom() {
  log.scrollTop = log.scrollHeight;
  pinned = true;
  newer.hidden = true;
}

// --- Reading aloud

const speech = "speechSynthesis" in window && "SpeechSynthesisUtterance" in window ? window.speechSynthesis : null;
let speaking = null; // the button whose message is being read

function readButton(message) {
  const node = button("round read", [icon("speaker")], () => {
    const again = speaking === node;
    hush();
    if (!again) read(message, node);
  });
  node.setAttribute("aria-label", t("read"));
  return node;
}

/** Read a message and the names of its buttons, sentence by sentence: Chrome goes silent in a long text. */
function read(message, node) {
  if (!speech) return;
  const wanted = language();
  const voices = speech.getVoices();
  const voice = voices.find((found) => found.lang.toLowerCase().startsWith(wanted));
  if (voices.length && !voice) return notify("noVoice");
  const pieces = sentences(message);
  pieces.forEach((sentence, place) => {
    const utterance = new SpeechSynthesisUtterance(sentence);
    utterance.lang = wanted === "vi" ? "vi-VN" : "en";
    if (voice) utterance.voice = voice;
    utterance.rate = 0.95;
    if (node && place === pieces.length - 1) utterance.onend = utterance.onerror = () => { if (speaking === node) shown(null); };
    speech.speak(utterance);
  });
  if (node) shown(node);
  return undefined;
}

function sentences(message) {
  const labels = message.buttons.map((option) => option.label + ".");
  const said = labels.length ? [message.text, t("buttonsAre")].concat(labels) : [message.text];
  const pictures = / *(?:[\u2190-\u2bff\ufe0f]|[\ud83c-\ud83e][\udc00-\udfff])/g;
  return said.join("\n").replace(pictures, "").replace(/([.!?…])\s+/g, "$1\n").split("\n")
    .map((sentence) => sentence.trim()).filter(Boolean);
}

function hush() {
  speech.cancel();
  shown(null);
}

function shown(node) {
  if (speaking) dress(speaking, "speaker", "read");
  speaking = node;
  if (speaking) dress(speaking, "stop", "stop");
}

function dress(node, symbol, key) {
  node.querySelector("use").setAttribute("href", "#i-" + symbol);
  node.setAttribute("aria-label", t(key));
  node.classList.toggle("on", symbol === "stop");
}

// --- Recording a voice note

const RECORD_MOST_S = 600; // the bot takes no longer ones
const RECORD_BITS_PER_S = 24000; // speech: 2 MB in ten minutes
// What messengers play comes first; every browser can write one of them.
const RECORD_KINDS = { "audio/ogg;codecs=opus": "ogg", "audio/mp4;codecs=mp4a.40.2": "m4a", "audio/webm": "webm", "audio/mp4": "m4a" };
const recordKind = window.MediaRecorder && MediaRecorder.isTypeSupported && navigator.mediaDevices
  && Object.keys(RECORD_KINDS).find((kind) => MediaRecorder.isTypeSupported(kind));
const canRecord = Boolean(recordKind);
let recording = null; // {recorder, startedAt, timer}

async function record() {
  if (recording) return;
  recording = {}; // a second tap while the phone asks for leave
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    listenTo(stream);
  } catch (error) {
    recording = null;
    notify("noMicrophone");
  }
}

function listenTo(stream) {
  const recorder = new MediaRecorder(stream, { mimeType: recordKind, audioBitsPerSecond: RECORD_BITS_PER_S });
  const parts = [];
  recorder.ondataavailable = (event) => { parts.push(event.data); };
  recorder.onstop = () => {
    stream.getTracks().forEach((track) => { track.stop(); });
    const name = t("recordName") + "." + RECORD_KINDS[recordKind];
    if (recording.wanted) enqueueFile(new File(parts, name, { type: recordKind.split(";")[0] }));
    showRecorder(null);
  };
  recorder.start();
  showRecorder({ recorder: recorder, startedAt: Date.now(), timer: setInterval(tick, 500) });
  tick();
}

function showRecorder(state) {
  if (recording) clearInterval(recording.timer);
  recording = state;
  byId("recorder").hidden = !state;
  if (pinned) toBottom();
  if (state) byId("record-send").focus();
  else if (!TOUCH) box.focus();
}

function tick() {
  const seconds = Math.floor((Date.now() - recording.startedAt) / 1000);
  byId("recorded").textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
  if (seconds >= RECORD_MOST_S) stopRecording(true);
}

function stopRecording(wanted) {
  if (!recording || !recording.recorder || recording.recorder.state === "inactive") return;
  recording.wanted = wanted;
  recording.recorder.stop();
}

// --- Composer, sheets and settings

function typed() {
  store.set("draft", box.value);
  box.rows = 1;
  while (box.rows < 5 && box.scrollHeight > box.clientHeight + 1) box.rows += 1;
  if (pinned) toBottom();
}

function submit(event) {
  event.preventDefault();
  const text = box.value.trim();
  box.focus();
  if (!text) return;
  enqueue({ text: text });
  box.value = "";
  typed();
}

/** Enter sends at a desk; on a phone it is a new line. Enter that ends a Vietnamese composition is neither. */
function pressed(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229 || TOUCH) return;
  submit(event);
}

function sendLocation() {
  notify("locating");
  navigator.geolocation.getCurrentPosition((found) => {
    notify("");
    enqueue({ location: { latitude: found.coords.latitude, longitude: found.coords.longitude } });
  }, () => { notify("noLocation"); }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 });
}

function picked(event) {
  Array.from(event.target.files).forEach(enqueueFile);
  event.target.value = "";
}

/** Files dropped on the page or pasted into it. */
function received(event) {
  const source = event.dataTransfer || event.clipboardData;
  if (!source || !source.files.length) return;
  event.preventDefault();
  Array.from(source.files).forEach(enqueueFile);
}

function openSheet(id) {
  const sheet = byId(id);
  const opener = document.activeElement;
  if (sheet.showModal) sheet.showModal();
  else sheet.setAttribute("open", ""); // Safari before 15.4
  sheet.onclose = () => { if (opener) opener.focus(); };
}

function closeSheet(node) {
  const sheet = node.closest("dialog");
  if (sheet.close) sheet.close();
  else sheet.removeAttribute("open");
}

const settings = Object.assign({ large: false, autoread: false }, store.get("settings"));

function applySettings() {
  document.documentElement.classList.toggle("large", settings.large);
  ["large", "autoread"].forEach((name) => { byId(name).setAttribute("aria-checked", String(settings[name])); });
  store.set("settings", settings);
}

function toggle(name) {
  settings[name] = !settings[name];
  applySettings();
  typed();
  if (name === "autoread" && !settings.autoread) hush();
}

function onClick(id, action) {
  byId(id).addEventListener("click", action);
}

function onSheet(id, action) {
  onClick(id, (event) => {
    closeSheet(event.target);
    action();
  });
}

function listen() {
  byId("composer").addEventListener("submit", submit);
  box.addEventListener("keydown", pressed);
  box.addEventListener("input", typed);
  log.addEventListener("scroll", scrolled);
  onClick("newer", () => { toBottom(); log.focus(); });
  onClick("menu-open", () => { openSheet("menu"); });
  onClick("attach-open", () => { openSheet("attach"); });
  onClick("large", () => { toggle("large"); });
  onClick("autoread", () => { toggle("autoread"); });
  onClick("viewer-image", () => { byId("viewer").classList.toggle("zoomed"); });
  onSheet("language", () => { enqueue({ text: t("languageCommand") }); });
  onSheet("camera", () => { byId("camera-input").click(); });
  onSheet("pick", () => { byId("pick-input").click(); });
  onSheet("location", sendLocation);
  onSheet("record", record);
  onClick("record-send", () => { stopRecording(true); });
  onClick("record-drop", () => { stopRecording(false); });
  byId("camera-input").addEventListener("change", picked);
  byId("pick-input").addEventListener("change", picked);
  document.querySelectorAll("[data-close]").forEach((node) => {
    node.addEventListener("click", () => { closeSheet(node); });
  });
  document.querySelectorAll("dialog").forEach((sheet) => {
    sheet.addEventListener("click", (event) => { if (event.target === sheet) closeSheet(sheet); }); // the backdrop
  });
  document.addEventListener("dragover", (event) => { event.preventDefault(); });
  document.addEventListener("drop", received);
  document.addEventListener("paste", received);
  document.addEventListener("visibilitychange", visible);
  window.addEventListener("online", online);
  window.addEventListener("offline", () => { setNetwork("offline"); });
  window.addEventListener("pagehide", () => { if (speech) speech.cancel(); });
  window.addEventListener("resize", () => { if (pinned) toBottom(); });
}

/** Back on the page: a phone may have frozen it for hours with a dead poll in hand. */
function visible() {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
  if (Date.now() - answeredAt > 30000) online();
}

async function start() {
  pageLanguage(document.documentElement.lang);
  if (!speech) byId("autoread").hidden = true;
  applySettings();
  listen();
  box.value = store.get("draft") || "";
  typed();
  if (!TOUCH) box.focus();
  const texts = store.all("out:");
  const files = await filesOnDisk("readonly", (kept) => kept.getAll()) || [];
  texts.concat(files).sort((a, b) => a.at - b.at).forEach(add);
  pump();
  receive();
  offerApp({ csrf: csrf, request: request, notify: notify, onSheet: onSheet });
}

start();
