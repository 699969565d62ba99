"use strict";
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const key = "torchkata-theme";
  let wanted = null;
  try { wanted = window.localStorage.getItem(key); } catch (error) { wanted = null; }

  function show() {
    const isDark = wanted ? wanted === "dark" : dark.matches;
    if (wanted) { root.dataset.theme = wanted; } else { delete root.dataset.theme; }
    button.setAttribute("aria-pressed", String(isDark));
  }
  button.addEventListener("click", function () {
    wanted = button.getAttribute("aria-pressed") === "true" ? "light" : "dark";
    try { window.localStorage.setItem(key, wanted); } catch (error) { /* for this visit only */ }
    show();
  });
  dark.addEventListener("change", show);
  button.hidden = false;
  show();

  const parts = document.querySelectorAll(".exercise > details");
  function all(open) { parts.forEach(function (part) { part.open = open; }); }
  const fold = document.getElementById("fold");
  if (fold) {
    fold.hidden = parts.length === 0;
    document.getElementById("open-all").addEventListener("click", function () { all(true); });
    document.getElementById("close-all").addEventListener("click", function () { all(false); });
  }

  function follow() {
    const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    if (!target || !target.classList.contains("exercise")) { return; }
    const every = document.getElementById("show-all");
    if (target.offsetParent === null && every) { every.checked = true; }
    const part = target.querySelector("details");
    if (part) { part.open = true; }
    target.scrollIntoView();
    const head = target.querySelector("summary");
    if (head) { head.focus({ preventScroll: true }); }
  }
  window.addEventListener("hashchange", follow);
  if (window.location.hash.length > 1) { follow(); }
})();
