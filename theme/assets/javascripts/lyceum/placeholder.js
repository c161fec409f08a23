/**
 * The section that stands for a lesson's private half: shows its state, takes the part in, gives it back. The locked content
 * is kept in memory, so that signing out puts it back without a request. What is shown for which state is written in the
 * page and chosen by the style sheet; this module only names the state.
 *
 * @typedef {"anonymous" | "no-access" | "pending" | "expired" | "refunded" | "unreachable" | "unlocking" | "unlocked"} State
 */

import { enhance } from "./enhance.js";
import { addToContents, removeFromContents } from "./contents.js";

export class Placeholder {
  /** @param {HTMLElement} section */
  constructor(section) {
    this.section = section;
    this.locked = [...section.childNodes];
    this.label = section.getAttribute("aria-labelledby") ?? "";
    this.live = document.querySelector(".lyceum-live");
    this.unlockedText = section.querySelector("template.lyceum-unlocked-text")?.innerHTML.trim() ?? "";
  }

  get isUnlocked() {
    return this.section.dataset.state === "unlocked";
  }

  /**
   * Shows one of the locked states; takes an unlocked part away first.
   * @param {State} state
   * @param {boolean} [aloud] whether a screen reader should hear it
   */
  show(state, aloud = false) {
    const changed = this.section.dataset.state !== state;
    this.keepFocus(() => {
      if (this.isUnlocked) this.lock();
      this.section.dataset.state = state;
    });
    if (changed && aloud) {
      this.say(this.section.querySelector(`.lyceum-state[data-when="${state}"]`)?.textContent ?? "");
    }
  }

  /** @param {boolean} waiting whether the reader is busy in another tab */
  setWaiting(waiting) {
    this.section.toggleAttribute("data-waiting", waiting);
  }

  /**
   * Names the account on the card; an empty name hides the line.
   * @param {string} email
   */
  nameReader(email) {
    for (const line of this.find(".lyceum-reader")) {
      line.hidden = !email;
      for (const name of line.querySelectorAll(".lyceum-reader__name")) name.textContent = email;
    }
  }

  /** @param {number | null} end Unix time at which access ended, if known */
  setEnd(end) {
    for (const line of this.find(".lyceum-state__end")) {
      line.hidden = end === null;
      const time = line.querySelector("time");
      if (end === null || !time) continue;
      const date = new Date(end * 1000);
      time.dateTime = date.toISOString();
      const { lang } = document.documentElement;
      time.textContent = date.toLocaleDateString(lang === "en" ? "en-GB" : lang, { dateStyle: "long" });
    }
  }

  /**
   * Puts the part in place of the card. Keeps the reader's place: a reader who had scrolled into the card is taken to the
   * part's beginning, and a focus that would be lost goes to the section.
   * @param {string} html
   */
  unlock(html) {
    const { section } = this;
    const template = document.createElement("template");
    template.innerHTML = html;
    const part = template.content;
    for (const script of part.querySelectorAll("script")) script.remove();
    separateIds(part);
    const wasAbove = section.getBoundingClientRect().top < 0;
    const text = document.createElement("div");
    text.className = "md-typeset";
    text.append(part);
    this.keepFocus(() => section.replaceChildren(text));
    section.dataset.state = "unlocked";
    document.body.toggleAttribute("data-lyceum-unlocked", true); // the navigation's lock is open too
    section.removeAttribute("aria-labelledby");
    section.removeAttribute("data-waiting");
    enhance(section, { injected: true });
    addToContents(section);
    const target = location.hash.length > 1 ? document.getElementById(decodeHash()) : null;
    if (target && section.contains(target)) target.scrollIntoView();
    else if (wasAbove) section.scrollIntoView();
    this.say(this.unlockedText);
  }

  /** Takes the part out of the page and puts the card back. */
  lock() {
    const { section } = this;
    removeFromContents();
    section.replaceChildren(...this.locked);
    section.dataset.state = "anonymous";
    document.body.toggleAttribute("data-lyceum-unlocked", false);
    section.setAttribute("aria-labelledby", this.label);
    this.say("");
  }

  /**
   * A focus that `change` removes or hides goes to the section, so that the keyboard does not start at the page's top again.
   * @param {() => void} change
   */
  keepFocus(change) {
    const { section } = this;
    const focused = document.activeElement;
    const hadFocus = section.contains(focused);
    change();
    if (hadFocus && (!focused?.isConnected || focused.getClientRects().length === 0)) {
      section.tabIndex = -1;
      section.focus({ preventScroll: true });
    }
  }

  /** @param {string} text */
  say(text) {
    if (this.live) this.live.textContent = text.trim();
  }

  /**
   * The elements of the locked content, whether it stands in the page or not.
   * @param {string} selector
   * @returns {HTMLElement[]}
   */
  find(selector) {
    return this.locked.flatMap((node) =>
      node instanceof Element ? /** @type {HTMLElement[]} */ ([...node.querySelectorAll(selector)]) : [],
    );
  }
}

/**
 * Renames ids of the part that the page already uses (tabs and code blocks are numbered from one in both halves), with
 * everything inside the part that refers to them.
 * @param {DocumentFragment} part
 */
function separateIds(part) {
  for (const element of part.querySelectorAll("[id]")) {
    const old = element.id;
    if (!document.getElementById(old)) continue;
    const renamed = `part-${old}`;
    element.id = renamed;
    for (const label of part.querySelectorAll(`label[for="${CSS.escape(old)}"]`)) label.setAttribute("for", renamed);
    for (const link of part.querySelectorAll(`a[href="#${CSS.escape(old)}"]`)) link.setAttribute("href", `#${renamed}`);
  }
  for (const radio of part.querySelectorAll("input[type=radio][name]")) {
    radio.setAttribute("name", `part-${radio.getAttribute("name")}`);
  }
}

function decodeHash() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}
