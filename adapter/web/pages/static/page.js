// Keep what is live on a page fresh: fetch the page anew and put its `#live` in place of the old.
"use strict";

const PERIOD = 3000;
let shown = document.getElementById("live")?.innerHTML;

function inUse(live) {
  // what somebody writes into, or has reached by keys, must not be taken away
  const focused = document.activeElement;
  return live.contains(focused) && (!focused.id || focused.matches("input, select, textarea"));
}

function replace(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("live");
  const old = document.getElementById("live");
  if (!fresh || fresh.innerHTML === shown || inUse(old)) return;
  shown = fresh.innerHTML;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  for (const unfolded of old.querySelectorAll("details[open][id]")) {
    const same = fresh.querySelector(`#${CSS.escape(unfolded.id)}`);
    if (same) same.open = true;
  }
  old.replaceWith(document.adoptNode(fresh));
  if (focused) document.getElementById(focused)?.focus();
}

async function follow() {
  const notice = document.querySelector(".offline");
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      replace(await answer.text());
    }
    notice.hidden = true;
  } catch {
    notice.hidden = false;
  }
  setTimeout(follow, PERIOD);
}

if (shown !== undefined) setTimeout(follow, PERIOD);
