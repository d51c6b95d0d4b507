// Show the message while a template is written: send the form as its button would, and put the
// `#preview` of the answer in place of the old. Without this the button does the same.
"use strict";

const PAUSE = 400;
const form = document.getElementById("trial");
let timer = 0;
let asked = null;

function later(pause = PAUSE) {
  clearTimeout(timer);
  timer = setTimeout(show, pause);
}

async function show() {
  asked?.abort();
  asked = new AbortController();
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, signal: asked.signal });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("preview");
    const old = document.getElementById("preview");
    if (!fresh) return;
    const unfolded = old.querySelector("details")?.open;
    if (unfolded && fresh.querySelector("details")) fresh.querySelector("details").open = true;
    old.replaceWith(document.adoptNode(fresh));
    if ("busy" in fresh.dataset) later(3 * PAUSE);
  } catch {
    // what was asked is old, or the adapter is away: the button says so
  }
}

form.addEventListener("input", () => later());
later(0);
