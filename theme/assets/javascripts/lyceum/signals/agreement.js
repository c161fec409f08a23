/**
 * Whether this browser may remember and tell what is read, as the school's privacy setting says. Under `consent` nothing is kept or
 * told before the reader agrees, and taking it back deletes what was kept here and what was told. Under `anonymous` nothing is kept at all:
 * each page tells under a name that ends with it. A browser that asks not to be followed (GPC, DNT) is not asked and not followed.
 */

import { newName } from "./name.js";

const KEY = "lyceum.agreement"; // "no", or the random name that this browser was given when its reader agreed

/** @type {import("./teller.js").Teller | null} */
let teller = null;

/** @param {HTMLElement} root */
export function begin(root) {
  const isQuiet = navigator.doNotTrack === "1" || /** @type {any} */ (navigator).globalPrivacyControl === true;
  if (root.dataset.mode === "anonymous") {
    if (!isQuiet) void start(root, newName(), "");
    return;
  }
  const box = /** @type {HTMLElement} */ (root.querySelector(".lyceum-agreement"));
  const show = (/** @type {string} */ state) => {
    box.dataset.state = state;
    box.hidden = false;
  };
  const decided = isQuiet ? "no" : kept();
  if (decided === null) show("open");
  else if (decided !== "no") void agreed(root, decided);
  document.querySelector("[data-lyceum-agreement]")?.addEventListener("click", () => {
    show(isQuiet ? "quiet" : teller ? "yes" : "no");
    box.querySelector("button")?.focus();
  });
  box.addEventListener("click", ({ target }) => {
    const answer = target instanceof Element ? target.closest("button")?.value : "";
    if (!answer) return;
    box.hidden = true;
    if (answer === "yes" && !teller && !isQuiet) {
      const name = newName();
      if (keep(name)) void agreed(root, name);
    } else if (answer === "no") {
      keep("no");
      void takenBack(true);
    }
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== KEY || newValue === null) return;
    box.hidden = true;
    if (newValue === "no") void takenBack(false);
  });
}

/**
 * @param {HTMLElement} root
 * @param {string} name
 */
async function agreed(root, name) {
  const related = document.querySelector(".lyceum-related");
  if (related instanceof HTMLElement) {
    void import("../recommend/attend.js").then(({ attend }) => attend(related, name));
  }
  const { lotOf } = await import("../recommend/lot.js");
  await start(root, name, lotOf(name));
}

/**
 * @param {HTMLElement} root
 * @param {string} name
 * @param {string} variant
 */
async function start(root, name, variant) {
  const [{ Teller }, { watch }] = await Promise.all([import("./teller.js"), import("./watching.js")]);
  teller = new Teller(root.dataset.gatekeeper ?? "", name, variant);
  watch(root, teller, { keeps: variant !== "" });
}

/** @param {boolean} tells  another tab has told already */
async function takenBack(tells) {
  if (tells) teller?.sayFarewell();
  teller?.end();
  teller = null;
  (await import("../recommend/history.js")).forget();
}

/** @returns {string | null} null where nothing was decided; a browser that keeps nothing has said no */
function kept() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return "no";
  }
}

/** @param {string} value */
function keep(value) {
  try {
    localStorage.setItem(KEY, value);
    return true;
  } catch {
    return false;
  }
}
