/* The one-time upload page of one paper: collect pages, put them in order, send them in one request. */
import { byId, el, icon, megabytes, pageLanguage, t } from "./texts.js";

const MAX_FILE_BYTES = 20 * 1024 * 1024;
const STALL_MS = 90000; // no byte moved for this long: a dead connection, not a slow one
const meta = (name) => document.querySelector('meta[name="' + name + '"]').content;

const pages = []; // {file, preview, error} in the order of the paper
let sending = false;
let cutOff = false; // an earlier attempt ended without an answer, so the files may have arrived

function iconButton(symbol, label, action) {
  const node = el("button", "round", [icon(symbol)]);
  node.type = "button";
  node.disabled = sending;
  node.setAttribute("aria-label", label);
  node.addEventListener("click", action);
  return node;
}

// --- The pages

function picked(event) {
  Array.from(event.target.files).forEach(add);
  event.target.value = "";
  say("");
  show();
}

function add(file) {
  const image = file.type.startsWith("image/");
  pages.push({ file: file, preview: image ? URL.createObjectURL(file) : "", error: complaint(file) });
}

function complaint(file) {
  if (!file.size) return t("fileEmpty");
  return file.size > MAX_FILE_BYTES ? t("fileTooBig") : "";
}

function sendable() {
  return pages.filter((page) => !page.error);
}

function show() {
  const list = byId("pages");
  list.textContent = "";
  pages.forEach((page, place) => { list.append(pageRow(page, place)); });
  byId("list-title").hidden = !pages.length;
  byId("send").hidden = !sendable().length;
  byId("send").textContent = t("uploadSend", { n: sendable().length });
  byId("send").disabled = byId("camera").disabled = byId("pick").disabled = sending;
}

function pageRow(page, place) {
  const name = page.file.name;
  const words = [el("span", "chip-name", [name]), el("span", "chip-size", [page.error || megabytes(page.file.size)])];
  const row = el("li", page.error ? "page refused" : "page", [picture(page), el("span", "chip-words", words)]);
  if (place > 0) row.append(iconButton("up", t("uploadUp", { name: name }), () => { moveUp(place); }));
  row.append(iconButton("close", t("uploadRemove", { name: name }), () => { remove(place); }));
  return row;
}

function picture(page) {
  if (!page.preview) return icon("file");
  const image = el("img", "thumb");
  image.alt = "";
  image.onerror = () => { image.replaceWith(icon("file")); };
  image.src = page.preview;
  return image;
}

function moveUp(place) {
  pages.splice(place - 1, 0, pages.splice(place, 1)[0]);
  show();
  byId("pages").children[place - 1].querySelector("button").focus();
}

function remove(place) {
  const gone = pages.splice(place, 1)[0];
  if (gone.preview) URL.revokeObjectURL(gone.preview);
  show();
  byId("pick").focus();
}

// --- Sending

function submit(event) {
  event.preventDefault();
  if (sending || !sendable().length) return;
  setSending(true);
  say(t("uploadSending", { n: 0 }));
  post(settle);
}

function setSending(value) {
  sending = value;
  byId("progress").hidden = !value;
  show();
}

/** Calls done(status, body); status 0 when the network gave no answer. */
function post(done) {
  const form = new FormData();
  sendable().forEach((page) => { form.append("files", page.file, page.file.name); });
  const xhr = new XMLHttpRequest();
  let stalled = 0;
  const watch = () => {
    clearTimeout(stalled);
    stalled = setTimeout(() => { xhr.abort(); }, STALL_MS);
  };
  xhr.upload.onprogress = (event) => {
    watch();
    if (event.lengthComputable) progressed(event.loaded / event.total);
  };
  xhr.onloadend = () => {
    clearTimeout(stalled);
    done(xhr.status, xhr.responseText);
  };
  xhr.open("POST", location.href);
  xhr.setRequestHeader("X-CSRF", meta("csrf"));
  watch();
  xhr.send(form);
}

/** The words move in steps of a quarter, so that a screen reader is not flooded. */
function progressed(share) {
  byId("progress").value = share;
  say(share < 1 ? t("uploadSending", { n: Math.floor(share * 4) * 25 }) : t("uploadChecking"));
}

function settle(status, text) {
  setSending(false);
  if (status === 200) return finish(t("uploadDone", { n: read(text).received || sendable().length }), t("uploadNext"));
  if (status === 410 && cutOff) return finish(t("uploadMaybe"), t("uploadMaybeNext"));
  if (status === 410) return finish(t("uploadGone"), t("uploadGoneNext"));
  cutOff = cutOff || status === 0 || status >= 500;
  return say(trouble(status, read(text)), true);
}

function trouble(status, body) {
  if (status === 0) return t("uploadNetwork");
  if (status === 413) return t("fileTooBig");
  if (status === 429 && body.retry_after_s > 3600) return t("fullToday");
  if (status >= 500 || status === 429) return t("uploadServer");
  return body.error || t("uploadRefused");
}

function read(text) {
  try { return JSON.parse(text) || {}; } catch (error) { return {}; }
}

function say(words, bad) {
  const line = byId("say");
  line.classList.toggle("bad", Boolean(bad));
  if (line.textContent !== words) line.textContent = words;
}

function finish(words, next) {
  pages.length = 0;
  byId("form").hidden = true;
  byId("end-title").textContent = words;
  byId("end-next").textContent = next;
  byId("end").hidden = false;
  byId("end").focus();
}

function start() {
  pageLanguage(document.documentElement.lang);
  try {
    const settings = JSON.parse(localStorage.getItem("ocop:" + new URL("..", location.href).pathname + ":settings"));
    document.documentElement.classList.toggle("large", Boolean(settings && settings.large));
  } catch (error) { /* the ordinary size */ }
  if (meta("state") === "gone") return finish(t("uploadGone"), t("uploadGoneNext"));
  byId("camera").addEventListener("click", () => { byId("camera-input").click(); });
  byId("pick").addEventListener("click", () => { byId("pick-input").click(); });
  byId("camera-input").addEventListener("change", picked);
  byId("pick-input").addEventListener("change", picked);
  byId("form").addEventListener("submit", submit);
  window.addEventListener("beforeunload", (event) => {
    if (!pages.length) return;
    event.preventDefault();
    event.returnValue = "";
  });
  return show();
}

start();
