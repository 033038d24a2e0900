/* The chat as an app: its service worker, notices while the page is closed, and a place on the phone's screen.
   Each part shows itself only where the browser can do it. Nothing is asked of anybody before they press. */
import { byId } from "./texts.js";

const SUBSCRIBE_MS = 20000;
const APPLE_TAB = navigator.standalone === false; // Safari on an iPhone, not from the home screen

/** `page`: {csrf, request, notify, onSheet} of the chat page. */
export function offerApp(page) {
  offerInstall(page);
  offerNotices(page);
}

// --- A place on the screen

function offerInstall(page) {
  let question = null; // the browser's own, kept until somebody wants it
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    question = event;
    byId("install").hidden = false;
  });
  window.addEventListener("appinstalled", () => { byId("install").hidden = true; });
  page.onSheet("install", () => {
    if (!question) return page.notify("installHow");
    byId("install").hidden = true;
    question.prompt();
    question = null;
    return undefined;
  });
  if (APPLE_TAB) byId("install").hidden = false;
}

// --- Notices while the page is closed

async function offerNotices(page) {
  if (!("serviceWorker" in navigator)) return;
  let worker = null;
  try {
    await navigator.serviceWorker.register("sw.js");
    worker = await navigator.serviceWorker.ready;
  } catch (error) {
    return; // no https, or a private window
  }
  const key = document.querySelector('meta[name="push"]').content;
  if (!key || !worker.pushManager || !("Notification" in window)) return;
  page.onSheet("push", () => { toggle(page, worker, key); });
  byId("push").hidden = false;
  renew(page, worker, key).catch(() => { paint(false); });
}

/** The browser may have a new address by now, and the server may have forgotten the old one. */
async function renew(page, worker, key) {
  const kept = await worker.pushManager.getSubscription();
  if (!kept || Notification.permission !== "granted") return paint(false);
  paint(true);
  if (!madeFor(kept, key)) return turnOn(page, worker, key, true);
  const answer = await send(page, "POST", kept);
  if (REFUSED.includes(answer.status)) return forget(kept);
  return undefined;
}

const REFUSED = [400, 409]; // an address nobody takes; a person who has agreed to nothing yet

let busy = false;

async function toggle(page, worker, key) {
  if (busy) return;
  busy = true;
  try {
    const kept = await worker.pushManager.getSubscription();
    if (kept && isOn()) await turnOff(page, kept);
    else await turnOn(page, worker, key, false);
  } catch (error) {
    page.notify("pushFailed");
  } finally {
    busy = false;
  }
}

async function turnOn(page, worker, key, quietly) {
  const say = quietly ? () => undefined : page.notify;
  const permission = await Notification.requestPermission();
  if (permission !== "granted") return say(permission === "denied" ? "pushBlocked" : "pushFailed");
  const older = await worker.pushManager.getSubscription();
  if (older && !madeFor(older, key)) await older.unsubscribe();
  const wanted = { userVisibleOnly: true, applicationServerKey: bytes(key) };
  const subscription = await within(SUBSCRIBE_MS, worker.pushManager.subscribe(wanted));
  const answer = await send(page, "POST", subscription);
  if (answer.status === 200) {
    paint(true);
    return say("pushOn");
  }
  await forget(subscription);
  return say(answer.status === 409 ? "pushNotYet" : "pushFailed");
}

/** A browser that cannot reach its push service waits for ever and says nothing. */
function within(most_ms, promise) {
  const late = new Promise((_, reject) => { setTimeout(() => { reject(new Error("late")); }, most_ms); });
  return Promise.race([promise, late]);
}

/** Off in this browser at once; if the server does not hear of it now, its next notice finds nobody. */
async function turnOff(page, subscription) {
  await forget(subscription);
  page.notify("pushOff");
  await send(page, "DELETE", subscription);
}

async function forget(subscription) {
  paint(false);
  await subscription.unsubscribe();
}

function send(page, method, subscription) {
  return page.request("chat/push", 30000, {
    method: method,
    headers: { "Content-Type": "application/json", "X-CSRF": page.csrf },
    body: JSON.stringify(subscription),
  });
}

function paint(on) {
  byId("push").setAttribute("aria-checked", String(on));
}

function isOn() {
  return byId("push").getAttribute("aria-checked") === "true";
}

/** Whether a subscription is for this installation's key; a browser that does not say is believed. */
function madeFor(subscription, key) {
  const used = subscription.options && subscription.options.applicationServerKey;
  if (!used) return true;
  return String(Array.from(new Uint8Array(used))) === String(Array.from(bytes(key)));
}

/** Bytes of base64url. */
function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
