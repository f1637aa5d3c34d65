// What the pages do by themselves: live figures, relative times, the search key, copy buttons, menus.
// Every page works without it.
"use strict";

const body = document.body;
const words = body.dataset;

function fill(pattern, value) {
  return pattern.replace("{}", value);
}

// A span as the server writes it.
function span(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return fill(words.second, seconds);
  return seconds < 3600 ? fill(words.minute, Math.floor(seconds / 60)) : fill(words.hour, Math.floor(seconds / 3600));
}

// Relative times grow older while the page is open; beyond a day the full date stands alone.
function renewTimes() {
  const now = Date.now();
  for (const mark of document.querySelectorAll("[data-relative]")) {
    const offset = Date.parse(mark.parentElement.dateTime) - now;
    const far = Math.abs(offset);
    if (far >= 86400000) mark.remove();
    else mark.textContent = far < 1000 ? words.now : fill(offset > 0 ? words.ahead : words.ago, span(far));
  }
}
setInterval(renewTimes, 1000);

// Copying gives UTC: hovering shows it, a copied table cell should not depend on who copied it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const before = button.textContent;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
  button.textContent = words.copied;
  setTimeout(() => { button.textContent = before; }, 2000);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const search = document.getElementById("search");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
  if (event.key === "Escape") {
    document.querySelectorAll("details.drop[open]").forEach((menu) => { menu.open = false; menu.firstElementChild.focus(); });
    if (location.hash === "#nav") location.hash = "";
  }
});

// One menu at a time; a click elsewhere closes it. A menu inside of a scrolling table is laid over it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.drop[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  const sheet = menu.matches("details.drop[open]") && menu.closest(".scroll") && menu.querySelector(".sheet");
  if (!sheet) return;
  const edge = menu.getBoundingClientRect();
  sheet.style.position = "fixed";
  sheet.style.right = `${Math.max(8, document.documentElement.clientWidth - edge.right)}px`;
  const below = edge.bottom + 4 + sheet.offsetHeight < innerHeight;
  sheet.style.top = below ? `${edge.bottom + 4}px` : `${edge.top - 4 - sheet.offsetHeight}px`;
}, true);
document.addEventListener("scroll", () => {
  document.querySelectorAll(".scroll details.drop[open]").forEach((menu) => { menu.open = false; });
}, true);

// A list that renews itself would close the menu that is open in it, and take a selection away.
document.addEventListener("htmx:before:request", (event) => {
  const list = event.target;
  const timed = (list.getAttribute("hx-trigger") || "").startsWith("every");
  const busy = document.hidden || list.querySelector("details[open], :focus") || String(getSelection()).length > 0;
  if (timed && busy) event.preventDefault();
});

// The server shows times in the browser's zone: the cookie tells it which.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && document.getElementById("zone") && document.getElementById("zone").textContent !== zone) {
  const known = document.cookie.includes(`tz=${zone}`);
  document.cookie = `tz=${zone}; path=/; max-age=31536000; SameSite=Lax`;
  // Asked once: a zone that the server does not know must not reload the page for ever.
  if (!known && document.cookie.includes(`tz=${zone}`) && !document.querySelector("form[method=post] textarea")) location.reload();
}

const forms = {
  duration: (figures, name) => (figures[name] < 1000 ? fill(words.millisecond, figures[name]) : span(figures[name])),
  rate: (figures, name, old) => {
    const ended = figures.succeeded_last_minute + figures.failed_last_minute;
    return old.replace(/\d+%|–/, ended ? `${Math.floor((figures.succeeded_last_minute * 100) / ended)}%` : "–");
  },
  of: (figures, name, old) => old.replace(/[\d,]+/, figures.jobs.toLocaleString("en")),
  nodes: (figures, name, old) => {
    let place = 0;
    return old.replace(/\d+/g, () => [figures.nodes_offline, figures.nodes][place++]);
  },
};

function show(figures) {
  for (const mark of document.querySelectorAll("[data-live]")) {
    const name = mark.dataset.live;
    if (!(name in figures)) continue;
    const form = forms[mark.dataset.form];
    const text = form ? form(figures, name, mark.textContent) : figures[name].toLocaleString("en");
    if (mark.textContent !== text) mark.textContent = text;
  }
  for (const mark of document.querySelectorAll("[data-bad-if]")) {
    mark.classList.toggle("is-bad", figures[mark.dataset.badIf] > 0);
  }
}

// One stream a page. A stream that breaks is opened again after a pause that doubles up to half a minute.
const sign = document.getElementById("live");
let pause = 1000;
let source = null;

function listen() {
  source = new EventSource(words.events);
  source.onmessage = (message) => {
    pause = 1000;
    sign.textContent = sign.dataset.liveWord;
    sign.classList.remove("dead");
    show(JSON.parse(message.data));
  };
  source.onerror = () => {
    source.close();
    sign.textContent = sign.dataset.deadWord;
    sign.classList.add("dead");
    setTimeout(listen, pause);
    pause = Math.min(pause * 2, 30000);
  };
}
if (words.events && sign) {
  listen();
  addEventListener("pagehide", () => source.close());
}

// Fields that matter only with some value of another one are shown with it: data-when="misfire=fire_all", and the
// opposite, data-unless. One with a problem is always shown. Without this script all are shown.
function fitFields() {
  for (const part of document.querySelectorAll("[data-when], [data-unless]")) {
    const [name, values] = (part.dataset.when ?? part.dataset.unless).split("=");
    const field = part.closest("form").elements.namedItem(name);
    const fits = values.split(",").includes(field.value.trim());
    part.hidden = fits !== ("when" in part.dataset) && !part.querySelector(".problem");
  }
}
document.addEventListener("input", (event) => { if (event.target.form?.querySelector("[data-when], [data-unless]")) fitFields(); });
fitFields();

// One box ticks all of its table; it appears only where this script can make it work.
function showTickAll() {
  for (const box of document.querySelectorAll("[data-tick-all]")) box.hidden = false;
}
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-tick-all]");
  if (!all) return;
  for (const box of all.closest("table").querySelectorAll(`input[name=${all.dataset.tickAll}]`)) box.checked = all.checked;
});
document.addEventListener("htmx:afterSwap", showTickAll);
showTickAll();

// A list in which something is ticked does not renew itself: the ticks would be gone.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "list" && event.target.querySelector("input[name=id]:checked")) event.preventDefault();
});
