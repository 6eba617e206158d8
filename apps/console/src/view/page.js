// Puts each second's fragments into the page. Without this script the page is a snapshot of the moment it was loaded.
"use strict";
(() => {
  const STALE_AFTER_MS = 4000, ASK_WHEN_HIDDEN_MS = 10000, TRY_AGAIN_MS = 2000;
  const byId = (id) => document.getElementById(id);
  const live = byId("live"), stale = byId("stale"), icon = byId("icon");
  let source, lastFrame = performance.now(), shownAt = live.dataset.at;

  // Changes only what differs, so that focus, selection and opened details stay.
  function morph(old, next) {
    for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes]) if (name !== "open" && !next.hasAttribute(name)) old.removeAttribute(name);
    morphChildren(old, next);
  }
  function morphChildren(old, next) {
    const fresh = [...next.childNodes];
    fresh.forEach((node, index) => {
      const at = old.childNodes[index];
      if (!at) old.append(node);
      else if (at.nodeName !== node.nodeName) at.replaceWith(node);
      else if (node.nodeType === Node.ELEMENT_NODE) morph(at, node);
      else if (at.data !== node.data) at.data = node.data;
    });
    while (old.childNodes.length > fresh.length) old.lastChild.remove();
  }

  function head(title, href) {
    if (document.title !== title) document.title = title;
    if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  }

  function show(frame) {
    lastFrame = performance.now();
    shownAt = frame.at;
    for (const [id, markup] of Object.entries(frame.fragments)) {
      const template = document.createElement("template");
      template.innerHTML = markup;
      morphChildren(byId(id), template.content);
    }
    head(frame.title, frame.icon);
    live.className = "live";
    live.textContent = "live · " + frame.at + " UTC";
    fresh(true);
  }

  function fresh(isFresh) {
    if (stale.hidden === isFresh) return;
    stale.hidden = isFresh;
    document.body.classList.toggle("stale", !isFresh);
    stale.textContent = isFresh ? "" : "Stale since " + shownAt + " UTC: the console does not answer. Trying again.";
    if (!isFresh) { live.className = "lost"; live.textContent = "not live"; }
  }

  function open() {
    close();
    source = new EventSource("/events");
    source.onmessage = (event) => show(JSON.parse(event.data));
    source.onerror = () => { if (source && source.readyState === EventSource.CLOSED) setTimeout(visible, TRY_AGAIN_MS); };
  }
  function close() { if (source) source.close(); source = undefined; }

  // A hidden tab needs no fragments, but its title and icon still have to tell.
  async function ask() {
    if (!document.hidden) return;
    try {
      const status = await (await fetch("/api/status")).json();
      const firing = Object.values(status.services).reduce((sum, service) => sum + service.firing.length, 0);
      head(firing ? "(" + firing + " firing) Tidewatch" : "Tidewatch", firing ? icon.dataset.firing : icon.dataset.quiet);
    } catch { head("(?) Tidewatch", icon.dataset.blind); }
  }
  function visible() {
    if (document.hidden) close();
    else { lastFrame = performance.now(); open(); }
  }

  document.addEventListener("visibilitychange", visible);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) visible(); });
  setInterval(() => { if (!document.hidden && performance.now() - lastFrame > STALE_AFTER_MS) fresh(false); }, 1000);
  setInterval(ask, ASK_WHEN_HIDDEN_MS);
  visible();
})();
