"use strict";
// The part of the page that changes, as the server writes it; every name in it is escaped there.
const live = document.getElementById("live");
async function look() {
  const reply = await fetch(live.dataset.from, { credentials: "same-origin" });
  if (!reply.ok) return;
  const text = await reply.text();
  if (text !== live.innerHTML) live.innerHTML = text;
  if (live.querySelector("[data-ended]")) {
    clearInterval(timer);
    location.reload();
  }
}
const timer = live && !live.querySelector("[data-ended]") ? setInterval(look, 2000) : null;
