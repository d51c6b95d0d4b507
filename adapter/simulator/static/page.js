// Fetch the page anew when its version changes; keep what is unfolded and where one has scrolled.
"use strict";

const PERIOD = 700;

async function text(url) {
  const answer = await fetch(url, { cache: "no-store" });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.text();
}

function replace(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const old = document.getElementById("live");
  const live = document.adoptNode(fresh.getElementById("live"));
  const top = old.querySelector(".scroll").scrollTop;
  const reading = top < -4; // the list grows upwards: 0 is its newest end
  const height = old.querySelector(".timeline").offsetHeight;
  for (const unfolded of old.querySelectorAll("details[open]")) {
    const same = live.querySelector(`#${unfolded.id}`);
    if (same) same.open = true;
  }
  old.replaceWith(live);
  const grown = live.querySelector(".timeline").offsetHeight - height;
  if (reading) live.querySelector(".scroll").scrollTop = top - grown;
  document.title = fresh.title;
}

async function follow() {
  try {
    const live = document.getElementById("live");
    if (!document.hidden && (await text("/version")) !== live.dataset.version) {
      replace(await text(location.href));
    }
    delete document.body.dataset.offline;
  } catch {
    document.body.dataset.offline = "yes";
  }
  setTimeout(follow, PERIOD);
}

follow();
