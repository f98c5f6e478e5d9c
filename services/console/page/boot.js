// The page is some thirty files, and stays empty when one of them does not come: a browser gives up what it is fetching
// when the network changes (a VPN, another Wi-Fi, a container that starts), and a console that is started anew is away
// for a moment, or of another version than what came before. Then the page is loaded again, a few times by itself.
// This is no module: it has to run without them.
"use strict";
(() => {
  const KEY = "ringfence.loads";
  const TRIES = 4;
  const FIRST_WAIT_MS = 500;

  // How often it was loaded again; null: the browser keeps nothing, and nobody would end it.
  const tries = () => {
    try {
      return Number(sessionStorage.getItem(KEY) ?? 0);
    } catch {
      return null;
    }
  };

  // main.js hides this as the last thing that it does.
  const started = () => document.getElementById("loading").hidden;
  const styled = () => [...document.querySelectorAll("link[rel=stylesheet]")].every((link) => link.sheet);
  const say = (words) => (document.getElementById("loading-text").textContent = words);
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // Without an answer a browser would show its own page of an error, which stays.
  async function answers() {
    try {
      return (await fetch("main.js", {method: "HEAD", cache: "no-store"})).ok;
    } catch {
      return false;
    }
  }

  async function loadAgain(times) {
    say("A part of this page did not come. It is loaded again.");
    sessionStorage.setItem(KEY, times + 1);
    do await wait(FIRST_WAIT_MS * 2 ** times);
    while (!await answers());
    location.reload();
  }

  addEventListener("load", () => {
    const times = tries();
    if (started() && styled()) {
      if (times !== null) sessionStorage.removeItem(KEY);
    } else if (times !== null && times < TRIES) {
      loadAgain(times);
    } else if (!started()) {
      if (times !== null) sessionStorage.removeItem(KEY);
      say("A part of this page does not come, or this browser does not understand it; the browser's console has which.");
    }
  });
})();
