/**
 * The open search box: asks while the reader types, shows what is found, and moves through it by the arrow keys.
 */

import { show } from "./results.js";

/** @typedef {import("./worker.js").Answer} Answer */

const PAUSE_MILLISECONDS = 150; // typing goes on; the query is not finished
const RESULTS = 20;

/**
 * @param {HTMLElement} root
 * @param {HTMLDialogElement} dialog open
 */
export function attend(root, dialog) {
  new Box(root, dialog).begin();
}

class Box {
  /**
   * @param {HTMLElement} root
   * @param {HTMLDialogElement} dialog
   */
  constructor(root, dialog) {
    this.root = root;
    this.dialog = dialog;
    this.input = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
    this.status = /** @type {HTMLElement} */ (dialog.querySelector(".lyceum-search__status"));
    this.results = /** @type {HTMLElement} */ (dialog.querySelector(".lyceum-search__results"));
    this.more = /** @type {HTMLButtonElement} */ (dialog.querySelector(".lyceum-search__more"));
    this.bundle = new URL(root.dataset.bundle ?? "pagefind/", document.baseURI).href;
    this.asked = ""; // what the results belong to, or will
    this.limit = RESULTS;
    this.number = 0;
    this.pause = 0;
    /** @type {Worker | null} */
    this.worker = null;
  }

  begin() {
    const { dialog, input } = this;
    input.addEventListener("input", () => {
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.ask(), PAUSE_MILLISECONDS);
    });
    dialog.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.openFirst();
    });
    dialog.addEventListener("keydown", (event) => this.pressed(event));
    this.more.addEventListener("click", () => {
      this.limit += RESULTS;
      this.send();
    });
    this.ask(); // what was typed before this module had come
  }

  ask() {
    const query = this.input.value.normalize("NFC").trim();
    if (query === this.asked) return;
    this.asked = query;
    this.limit = RESULTS;
    if (query) this.send();
    else this.clear();
  }

  clear() {
    this.number += 1; // an answer that is still on its way is too late
    this.results.replaceChildren();
    this.more.hidden = true;
    this.say(this.root.dataset.hint);
  }

  send() {
    this.number += 1;
    this.say(this.root.dataset.searching);
    this.dialog.setAttribute("aria-busy", "true");
    this.engine().postMessage({ id: this.number, bundle: this.bundle, query: this.asked, limit: this.limit });
  }

  engine() {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }) => {
      if (data.id === this.number) this.answered(data.answer ?? null);
    });
    worker.addEventListener("error", () => {
      this.worker = null;
      this.answered(null);
    });
    this.worker = worker;
    return worker;
  }

  /** @param {Answer | null} answer null: the index cannot be read */
  answered(answer) {
    const { root } = this;
    this.dialog.removeAttribute("aria-busy");
    this.more.hidden = !answer?.hasMore;
    show(this.results, this.dialog, answer?.groups ?? []);
    if (!answer) {
      this.say(root.dataset.failed);
      this.asked = ""; // the same query may be asked again
    } else if (answer.shown === 0) {
      this.say(root.dataset.none?.replace("%(query)s", this.asked));
    } else {
      this.say((answer.hasMore ? root.dataset.best : root.dataset.found)?.replace("%(n)s", String(answer.shown)));
    }
  }

  /** @param {string} [text] */
  say(text = "") {
    this.status.textContent = text;
  }

  links() {
    return [...this.results.querySelectorAll("a")];
  }

  openFirst() {
    clearTimeout(this.pause);
    if (this.input.value.normalize("NFC").trim() === this.asked) this.links()[0]?.click();
    else this.ask();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || event.isComposing) return;
    const links = this.links();
    const step = event.key === "ArrowDown" ? 1 : -1;
    const here = links.findIndex((link) => link === document.activeElement);
    event.preventDefault();
    const next = here + step;
    if (next < 0) {
      if (here >= 0) this.input.focus();
      else links.at(-1)?.focus();
    } else {
      (links[next] ?? this.input).focus();
    }
  }
}
