// The page works without this file: every button is a form. With it, forms are
// sent without leaving the page, questions become dialogs, and the room is live.
"use strict";
(() => {
  const body = document.body, words = body.dataset;
  let boot = words.boot, seq = Number(words.seq);

  // ---- drawing anew: change only what differs, so that focus, open folds, open
  // dialogs and half-written text stay, and screen readers hear only what is new.
  const keep = { DETAILS: "open", DIALOG: "open" };

  function morph(from, to) {
    if (from.nodeType === Node.TEXT_NODE) {
      if (from.data !== to.data) from.data = to.data;
      return;
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && keep[from.tagName] !== name) from.removeAttribute(name);
    }
    morphChildren(from, to);
  }

  function matches(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");
  }

  function morphChildren(from, to) {
    const named = new Map();
    for (const child of from.children) if (child.id) named.set(child.id, child);
    const wanted = new Set([...to.children].map((child) => child.id).filter(Boolean));
    let at = from.firstChild;
    for (const next of [...to.childNodes]) {
      while (at && at.id && !wanted.has(at.id)) at = drop(at);
      if (at && matches(at, next)) {
        morph(at, next);
        at = at.nextSibling;
      } else if (next.id && named.has(next.id) && matches(named.get(next.id), next)) {
        const known = named.get(next.id);
        from.insertBefore(known, at);
        morph(known, next);
      } else {
        from.insertBefore(next, at);
      }
    }
    while (at) at = drop(at);
  }

  function drop(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  function draw(id, html) {
    const place = document.getElementById(id);
    if (!place) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = html; // drawn by the server, every text escaped there
    const holder = document.createElement(place.tagName);
    holder.append(fresh.content);
    morphChildren(place, holder);
  }

  function apply(news) {
    if (news.who && news.who !== words.who) return location.reload(); // somebody else now, in another tab
    if (news.boot === boot && news.seq < seq) return;
    boot = news.boot;
    seq = news.seq;
    const focused = document.activeElement, home = focused && focused.closest("article, section, #room");
    const asking = document.querySelector("dialog[open]");
    for (const [id, html] of Object.entries(news.parts)) draw(id, html);
    if (asking && !asking.isConnected) tell(words.moved);
    if (focused && focused !== body && !focused.isConnected) refocus(home);
  }

  function refocus(home) {
    const near = home && home.isConnected ? home : document.getElementById("main");
    (near.querySelector("h3[tabindex]") || near.querySelector("button") || document.getElementById("main")).focus();
  }

  function tell(text) {
    const place = document.getElementById("problem");
    place.textContent = text;
    place.hidden = !text;
  }

  // ---- forms
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-live]")) return;
    event.preventDefault();
    const dialog = form.querySelector("dialog");
    if (dialog && !dialog.open) return open(dialog);
    const reason = dialog && dialog.querySelector("textarea");
    if (reason && !blank(reason)) return;
    if (dialog) dialog.close();
    send(form, event.submitter);
  });

  // A reason of nothing but spaces is none; the browser says so in its own words.
  function blank(reason) {
    if (reason.required && !reason.value.trim()) reason.value = "";
    return reason.reportValidity();
  }

  function open(dialog) {
    dialog.showModal();
    (dialog.querySelector("textarea") || dialog.querySelector("[data-close]")).focus();
  }

  async function send(form, button) {
    if (form.getAttribute("aria-busy") === "true") return; // a double click
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, {
        method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form, button)),
      });
      const news = await answer.json();
      tell(news.problem || "");
      if (news.parts) {
        if ("clear" in form.dataset) form.querySelector("input:not([type=hidden])").value = "";
        apply(news);
      }
    } catch {
      tell(words.failed);
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  document.addEventListener("click", (event) => {
    const dialog = event.target.closest("dialog");
    if (!dialog) return;
    if (event.target.closest("[data-close]") || event.target === dialog) dialog.close(); // No, or beside it
  });

  // ---- live
  function follow() {
    const stream = new EventSource("/console/events");
    stream.addEventListener("state", (event) => apply(JSON.parse(event.data)));
    stream.addEventListener("open", () => status("live", words.live));
    stream.addEventListener("error", () => {
      status("lost", words.lost);
      if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
    });
  }

  function status(state, text) {
    const place = document.getElementById("live");
    if (place.dataset.state === state) return;
    place.dataset.state = state;
    place.textContent = text;
  }

  // Two tabs share one identity: the one that changed tells the other.
  const tabs = new BroadcastChannel("twokey-console");
  tabs.addEventListener("message", (event) => {
    if (event.data !== words.who + " " + document.documentElement.lang) location.reload();
  });
  tabs.postMessage(words.who + " " + document.documentElement.lang);

  // What floats above the page takes its room, so that nothing hides behind it.
  const dock = document.getElementById("dock");
  new ResizeObserver(() => document.documentElement.style.setProperty("--dock", dock.offsetHeight + "px")).observe(dock);

  body.dataset.script = "on";
  follow();
})();
